import { type ReactNode, useEffect, useId, useState } from 'react'
import { useTexts } from '~/i18n'
import { Banner, Button, CopyButton, Dialog } from '~/kit'
import styles from './pipeds.module.css'
import { SetupSteps } from './SetupSteps'
import { WaitingLine } from './WaitingLine'

// NewKey is a key as the control plane answered it, once. It lives in the state
// of the component that shows it, and nowhere else.
export interface NewKey {
  readonly pipedId: string
  readonly name: string
  readonly key: string
  // The piped is new, too; otherwise it got a second key.
  readonly first: boolean
}

// Registered shows a new key, and what to do with it. Closing asks when nothing
// was copied, since nobody can ever see the key again.
export function Registered({ of, onClose }: { of: NewKey; onClose: () => void }) {
  const t = useTexts()
  const [copied, setCopied] = useState(false)
  const [asking, setAsking] = useState(false)
  useEffect(() => {
    if (copied) return
    const stay = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', stay)
    return () => removeEventListener('beforeunload', stay)
  }, [copied])
  const close = () => (copied ? onClose() : setAsking(true))
  return (
    <Dialog
      open
      wide
      title={of.first ? t.pipeds.registered : t.pipeds.keyAdded(of.name)}
      onClose={close}
      footer={
        <Button look="main" onClick={close}>
          {t.common.close}
        </Button>
      }
    >
      <div className={styles.dialog}>
        <Banner tone="warn">{of.first ? t.pipeds.once : t.pipeds.secondOnce}</Banner>
        {/* Copying by hand counts, too. */}
        <dl className={styles.secrets} onCopy={() => setCopied(true)}>
          <Value name={t.pipeds.pipedId} value={of.pipedId} />
          <Value name={t.pipeds.pipedKey} value={of.key} onCopied={() => setCopied(true)} />
          <Value name={t.pipeds.encodedKey} value={btoa(of.key)} onCopied={() => setCopied(true)} />
        </dl>
        {of.first && (
          <>
            <WaitingLine pipedId={of.pipedId} />
            <SetupSteps pipedId={of.pipedId} />
          </>
        )}
      </div>
      {asking && <Leave onStay={() => setAsking(false)} onLeave={onClose} />}
    </Dialog>
  )
}

function Value({ name, value, onCopied }: { name: string; value: string; onCopied?: () => void }): ReactNode {
  const id = useId()
  return (
    <div className={styles.secret}>
      <dt id={id}>{name}</dt>
      <dd>
        <code aria-labelledby={id} role="textbox" aria-readonly="true" tabIndex={0}>
          {value}
        </code>
        <CopyButton text={value} what={name} {...(onCopied ? { onCopied } : {})} />
      </dd>
    </div>
  )
}

function Leave({ onStay, onLeave }: { onStay: () => void; onLeave: () => void }) {
  const t = useTexts()
  return (
    <Dialog
      open
      title={t.pipeds.leaveTitle}
      onClose={onStay}
      footer={
        <>
          <Button onClick={onStay}>{t.pipeds.leaveStay}</Button>
          <Button look="danger" onClick={onLeave}>
            {t.pipeds.leaveDo}
          </Button>
        </>
      }
    >
      <p>{t.pipeds.leaveText}</p>
    </Dialog>
  )
}
