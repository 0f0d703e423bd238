import { CatchBoundary } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { useTexts } from '~/i18n'
import styles from './Jump.module.css'
import { Unloaded } from './Unloaded'

const JumpList = lazy(() => import('./JumpList'))

// Jump is the palette: it takes the keys at once, and what is typed before the
// list is loaded is looked for when it is.
export function Jump({ onClose }: { onClose: () => void }) {
  const t = useTexts()
  const dialog = useRef<HTMLDialogElement>(null)
  const [typed, setTyped] = useState('')
  useEffect(() => {
    dialog.current?.showModal()
    // showModal focuses what comes first, which is the list around the field.
    focusAtEnd(dialog.current?.querySelector('input') ?? null)
  }, [])
  const close = () => dialog.current?.close()
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does the same
    <dialog
      ref={dialog}
      className={styles.dialog}
      aria-label={t.shell.jumpTitle}
      onClose={onClose}
      onClick={event => event.target === dialog.current && close()}
    >
      <CatchBoundary getResetKey={key} errorComponent={Unloaded}>
        <Suspense
          fallback={
            <input
              className={styles.field}
              aria-label={t.shell.jumpTitle}
              placeholder={t.shell.jump}
              value={typed}
              onChange={event => setTyped(event.target.value)}
            />
          }
        >
          <JumpList typed={typed} onType={setTyped} field={focusAtEnd} onChosen={close} />
        </Suspense>
      </CatchBoundary>
    </dialog>
  )
}

const key = () => ''

// focusAtEnd lets what follows be typed after what is there already.
function focusAtEnd(field: HTMLInputElement | null): void {
  field?.focus()
  field?.setSelectionRange(field.value.length, field.value.length)
}
