import { SyncStrategy } from '~/gen/model/model_pb'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { useTexts } from '~/i18n'
import { type MenuItem, SplitButton } from '~/kit'
import { useWhyNoSync } from './piped'
import type { Sync } from './useSync'

interface Props {
  app: Application
  sync: Sync
  look?: 'plain' | 'main'
}

// SyncControl asks for a deployment: as for a commit, or in a chosen way.
export function SyncControl({ app, sync, look = 'main' }: Props) {
  const t = useTexts()
  const w = t.application.sync
  const why = useWhyNoSync(app)
  const items: MenuItem[] = [
    { id: 'auto', label: w.button, hint: w.autoHint, onSelect: () => sync.ask(SyncStrategy.AUTO) },
    { id: 'quick', label: w.quick, hint: w.quickHint, onSelect: () => sync.ask(SyncStrategy.QUICK_SYNC) },
    { id: 'pipeline', label: w.pipeline, hint: w.pipelineHint, onSelect: () => sync.ask(SyncStrategy.PIPELINE) },
  ]
  return (
    <SplitButton
      look={look}
      busy={sync.busy}
      why={why}
      onClick={() => sync.ask(SyncStrategy.AUTO)}
      menuLabel={w.menu}
      items={items}
    >
      {sync.fate?.kind === 'asking' ? w.asking : sync.busy ? w.waiting : w.button}
    </SplitButton>
  )
}
