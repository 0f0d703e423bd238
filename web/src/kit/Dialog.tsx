import { X } from 'lucide-react'
import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { useTexts } from '~/i18n'
import { Button, IconButton } from './Button'
import { cx } from './cx'
import styles from './Dialog.module.css'

export interface DialogProps {
  open: boolean
  title: string
  children: ReactNode
  // Buttons; the main one last.
  footer?: ReactNode
  onClose: () => void
  // Something was typed: closing asks first.
  dirty?: boolean | undefined
  // Makes the whole a form; the submit button is in the footer.
  onSubmit?: (() => void) | undefined
  wide?: boolean
  // Nothing but its buttons closes it.
  insistent?: boolean
}

// Dialog is over the page, which waits. The focus goes in and comes back.
export function Dialog(props: DialogProps) {
  return <Modal {...props} look={cx(styles.dialog, props.wide && styles.wide)} />
}

// Drawer is a dialog at the side, for longer forms.
export function Drawer(props: DialogProps) {
  return <Modal {...props} look={cx(styles.dialog, styles.drawer)} />
}

function Modal({ open, look, ...rest }: DialogProps & { look: string }) {
  const ref = useRef<HTMLDialogElement>(null)
  const id = useId()
  const [asking, setAsking] = useState(false)
  useEffect(() => {
    const dialog = ref.current
    if (!open || !dialog) return
    const before = document.activeElement
    if (!dialog.open) dialog.showModal()
    // The first field, not the button that closes; data-autofocus chooses another.
    const first =
      dialog.querySelector<HTMLElement>('[data-autofocus]') ??
      dialog.querySelector<HTMLElement>('input, select, textarea')
    const target = first ?? dialog
    target.focus({ preventScroll: true })
    return () => {
      dialog.close()
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true })
    }
  }, [open])
  if (!open) return null
  const close = () => (rest.dirty ? setAsking(true) : rest.onClose())
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does the same
    <dialog
      ref={ref}
      tabIndex={-1}
      aria-labelledby={id}
      className={look}
      onCancel={event => {
        if (event.target !== ref.current) return
        event.preventDefault()
        if (!rest.insistent) close()
      }}
      onClick={event => event.target === ref.current && !rest.insistent && close()}
    >
      <Content {...rest} id={id} close={close} />
      {asking && (
        <Discard
          onKeep={() => setAsking(false)}
          onDiscard={() => {
            setAsking(false)
            rest.onClose()
          }}
        />
      )}
    </dialog>
  )
}

interface ContentProps extends Omit<DialogProps, 'open'> {
  id: string
  close: () => void
}

function Content({ id, title, children, footer, onSubmit, insistent, close }: ContentProps) {
  const t = useTexts()
  const inside = (
    <>
      <header className={styles.head}>
        <h2 id={id} className={styles.title}>
          {title}
        </h2>
        {!insistent && <IconButton label={t.common.close} icon={<X size={18} aria-hidden="true" />} onClick={close} />}
      </header>
      <div className={styles.body}>{children}</div>
      {footer && <footer className={styles.foot}>{footer}</footer>}
    </>
  )
  if (!onSubmit) return inside
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onSubmit()
  }
  return (
    <form className={styles.form} onSubmit={submit}>
      {inside}
    </form>
  )
}

function Discard({ onKeep, onDiscard }: { onKeep: () => void; onDiscard: () => void }) {
  const t = useTexts()
  return (
    <Dialog
      open
      title={t.common.discardTitle}
      onClose={onKeep}
      footer={
        <>
          <Button onClick={onKeep}>{t.common.keepEditing}</Button>
          <Button look="danger" onClick={onDiscard}>
            {t.common.discard}
          </Button>
        </>
      }
    >
      {null}
    </Dialog>
  )
}
