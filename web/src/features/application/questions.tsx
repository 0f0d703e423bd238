import '~/i18n/en/late/applicationPage'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, keys } from '~/api'
import { SyncStrategy } from '~/gen/model/model_pb'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { useTexts } from '~/i18n'
import { Button, Dialog, ErrorPanel, TextField, toast } from '~/kit'
import styles from './application.module.css'
import { refresh } from './changes'
import { useWhyNoSync } from './piped'
import { useSync } from './useSync'

interface Props {
  app: Application
  onClose: () => void
}

// SyncDialog asks before a key syncs; a key is pressed by mistake.
export function SyncDialog({ app, onClose }: Props) {
  const t = useTexts()
  const w = t.application.sync
  const sync = useSync(app)
  const why = useWhyNoSync(app)
  const yes = () => {
    sync.ask(SyncStrategy.AUTO)
    onClose()
  }
  return (
    <Dialog
      open
      title={w.ask(app.application?.name ?? '')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button look="main" busy={sync.busy} why={why} onClick={yes}>
            {sync.busy ? w.waiting : w.button}
          </Button>
        </>
      }
    >
      <p>{why ?? w.askText}</p>
    </Dialog>
  )
}

// DisableDialog asks before nothing deploys the application any more.
export function DisableDialog({ app, onClose }: Props) {
  const t = useTexts()
  const w = t.application.disabling
  const queries = useQueryClient()
  const { id = '', name = '' } = app.application ?? {}
  const disable = useMutation({
    mutationFn: () => api.disableApplication({ applicationId: id }),
    onSuccess: async () => {
      toast('ok', 'slash', w.done(name))
      await refresh(queries, id)
      onClose()
    },
  })
  return (
    <Dialog
      open
      title={w.title(name)}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button look="main" busy={disable.isPending} onClick={() => disable.mutate()} data-autofocus>
            {w.do}
          </Button>
        </>
      }
    >
      <div className={styles.ask}>
        <p>{w.text}</p>
        {disable.error && <ErrorPanel error={disable.error} />}
      </div>
    </Dialog>
  )
}

// DeleteDialog wants the name typed: what is forgotten does not come back.
export function DeleteDialog({ app, onClose, onDeleted }: Props & { onDeleted?: (() => void) | undefined }) {
  const t = useTexts()
  const w = t.application.deleting
  const queries = useQueryClient()
  const [typed, setTyped] = useState('')
  const { id = '', name = '' } = app.application ?? {}
  const remove = useMutation({
    mutationFn: () => api.deleteApplication({ applicationId: id }),
    onSuccess: async () => {
      toast('ok', 'check', w.done(name))
      onClose()
      onDeleted?.()
      await queries.invalidateQueries({ queryKey: keys.applications })
    },
  })
  const why = typed.trim() === name ? undefined : w.wrong
  return (
    <Dialog
      open
      title={w.title(name)}
      onClose={onClose}
      onSubmit={() => {
        if (why === undefined && !remove.isPending) remove.mutate()
      }}
      footer={
        <>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button type="submit" look="danger" busy={remove.isPending} why={why}>
            {w.do}
          </Button>
        </>
      }
    >
      <div className={styles.ask}>
        <p>{w.text}</p>
        <TextField
          label={w.type(name)}
          value={typed}
          onChange={setTyped}
          required
          autoComplete="off"
          spellCheck={false}
          data-autofocus
        />
        {remove.error && <ErrorPanel error={remove.error} />}
      </div>
    </Dialog>
  )
}
