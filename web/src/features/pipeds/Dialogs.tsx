import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { api, keys, ms, pipedQuery } from '~/api'
import type { Piped } from '~/gen/pipecd/web/v1/piped_pb'
import { useTexts } from '~/i18n'
import { Button, Dialog, EmptyState, ErrorPanel, RelativeTime, SkeletonRows, toast } from '~/kit'
import { Code } from './Code'
import styles from './pipeds.module.css'
import type { NewKey } from './Registered'
import { SetupSteps } from './SetupSteps'
import { WaitingLine } from './WaitingLine'

interface ConfirmProps {
  title: string
  children: ReactNode
  action: string
  danger?: boolean
  onClose: () => void
  run: () => Promise<unknown>
  // Said in passing afterwards.
  done?: string
}

// Confirm says what will happen, does it, and says in place when it failed.
function Confirm({ title, children, action, danger = false, onClose, run, done }: ConfirmProps) {
  const t = useTexts()
  const queries = useQueryClient()
  const m = useMutation({
    gcTime: 0, // the answer may be a key
    mutationFn: async () => {
      await run()
    },
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: keys.pipeds })
      if (done) toast('ok', 'check', done)
      onClose()
    },
  })
  return (
    <Dialog
      open
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button look={danger ? 'danger' : 'main'} busy={m.isPending} onClick={() => m.mutate()} data-autofocus>
            {action}
          </Button>
        </>
      }
    >
      <div className={styles.dialog}>
        {children}
        {m.error && <ErrorPanel error={m.error} />}
      </div>
    </Dialog>
  )
}

interface Props {
  of: Piped
  onClose: () => void
}

export function AddKey({ of, onClose, onKey }: Props & { onKey: (key: NewKey) => void }) {
  const t = useTexts()
  const { id = '', name = '' } = of.piped ?? {}
  return (
    <Confirm
      title={t.pipeds.addKeyTitle(name)}
      action={t.pipeds.addKeyDo}
      onClose={onClose}
      run={async () => {
        const { key } = await api.addPipedKey({ pipedId: id })
        onKey({ pipedId: id, name, key, first: false })
      }}
    >
      <p>{t.pipeds.addKeyText}</p>
    </Confirm>
  )
}

export function DeleteKey({ of, onClose }: Props) {
  const t = useTexts()
  const { id = '', name = '' } = of.piped ?? {}
  const old = of.keys.at(-1)
  return (
    <Confirm
      title={t.pipeds.deleteKeyTitle(name)}
      action={t.pipeds.deleteKeyDo}
      danger
      onClose={onClose}
      run={() => api.deleteOldPipedKeys({ pipedId: id })}
      done={t.pipeds.keyDeleted(name)}
    >
      <p>{t.pipeds.deleteKeyText}</p>
      {old && (
        <p className={styles.quiet}>
          {t.pipeds.keyMadeBy(old.creator)} <RelativeTime at={ms(old.createdAt)} />
        </p>
      )}
    </Confirm>
  )
}

export function DisablePiped({ of, onClose }: Props) {
  const t = useTexts()
  const { id = '', name = '' } = of.piped ?? {}
  return (
    <Confirm
      title={t.pipeds.disableTitle(name)}
      action={t.common.disable}
      danger
      onClose={onClose}
      run={() => api.disablePiped({ pipedId: id })}
      done={t.pipeds.disabledDone(name)}
    >
      <p>{t.pipeds.disableText}</p>
    </Confirm>
  )
}

// Configuration shows what the piped was started with; secrets are masked by
// the piped itself.
export function Configuration({ pipedId, onClose }: { pipedId: string; onClose: () => void }) {
  const t = useTexts()
  const { data, error, isPending, refetch } = useQuery(pipedQuery(pipedId))
  const text = data?.piped?.config ?? ''
  return (
    <Dialog open wide title={t.pipeds.configurationOf(data?.piped?.name ?? '')} onClose={onClose}>
      <div className={styles.dialog}>
        <p className={styles.quiet}>{t.pipeds.configurationText}</p>
        {error && <ErrorPanel error={error} onRetry={() => void refetch()} />}
        {isPending && <SkeletonRows />}
        {data && !text && <EmptyState title={t.pipeds.noConfiguration} />}
        {text && <Code text={text} what={t.pipeds.configuration} yaml />}
      </div>
    </Dialog>
  )
}

// HowToStart repeats how to start a piped; its key was shown when it was added.
export function HowToStart({ pipedId, name, onClose }: { pipedId: string; name: string; onClose: () => void }) {
  const t = useTexts()
  return (
    <Dialog open wide title={t.pipeds.startTitle(name)} onClose={onClose}>
      <div className={styles.dialog}>
        <WaitingLine pipedId={pipedId} />
        <p className={styles.quiet}>{t.pipeds.startText}</p>
        <SetupSteps pipedId={pipedId} />
      </div>
    </Dialog>
  )
}
