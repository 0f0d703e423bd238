import { CircleSlash, FastForward, Pencil, Play, RefreshCw, Rocket, Trash2 } from 'lucide-react'
import { lazy, type ReactNode, Suspense, useState } from 'react'
import { SyncStrategy } from '~/gen/model/model_pb'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { useTexts } from '~/i18n'
import type { MenuItem } from '~/kit'
import { useEnable } from './changes'
import { useIsPipedDisabled } from './piped'
import type { Sync } from './useSync'

// What is asked before a change is loaded when it is.
const DisableDialog = lazy(() => import('./questions').then(m => ({ default: m.DisableDialog })))
const DeleteDialog = lazy(() => import('./questions').then(m => ({ default: m.DeleteDialog })))

interface Actions {
  items: MenuItem[]
  // What an entry has opened.
  dialog: ReactNode
}

interface Options {
  onEdit: () => void
  onDeleted?: () => void
}

const icon = { size: 16, 'aria-hidden': true } as const

// useActions are the entries of an application's menu.
export function useActions(app: Application, { onEdit, onDeleted }: Options): Actions {
  const t = useTexts()
  const w = t.application
  const [open, setOpen] = useState<'disable' | 'delete' | undefined>()
  const enable = useEnable(app)
  const close = () => setOpen(undefined)
  const enabling: MenuItem = app.application?.disabled
    ? { id: 'enable', label: w.enable, icon: <Play {...icon} />, onSelect: () => enable.mutate() }
    : { id: 'disable', label: w.disable, icon: <CircleSlash {...icon} />, onSelect: () => setOpen('disable') }
  return {
    items: [
      { id: 'edit', label: w.edit, icon: <Pencil {...icon} />, onSelect: onEdit },
      enabling,
      { id: 'line', line: true },
      { id: 'delete', label: w.delete, icon: <Trash2 {...icon} />, danger: true, onSelect: () => setOpen('delete') },
    ],
    dialog: (
      <Suspense>
        {open === 'disable' && <DisableDialog app={app} onClose={close} />}
        {open === 'delete' && <DeleteDialog app={app} onClose={close} onDeleted={onDeleted} />}
      </Suspense>
    ),
  }
}

// useSyncItems are the ways to sync as entries of a menu.
export function useSyncItems(app: Application, sync: Sync): MenuItem[] {
  const t = useTexts()
  const w = t.application.sync
  const pipedDisabled = useIsPipedDisabled(app) && w.pipedDisabled(app.pipedName)
  const why = app.application?.disabled ? w.disabled : pipedDisabled || (sync.busy ? w.waiting : undefined)
  const entry = (id: string, label: string, image: ReactNode, strategy: SyncStrategy): MenuItem => ({
    id,
    label,
    icon: image,
    why,
    onSelect: () => sync.ask(strategy),
  })
  return [
    entry('auto', w.button, <RefreshCw {...icon} />, SyncStrategy.AUTO),
    entry('quick', w.quick, <FastForward {...icon} />, SyncStrategy.QUICK_SYNC),
    entry('pipeline', w.pipeline, <Rocket {...icon} />, SyncStrategy.PIPELINE),
  ]
}
