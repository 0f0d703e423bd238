import { type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { keepPlaced } from './place'
import styles from './Tooltip.module.css'

interface Props {
  text: ReactNode
  // The text repeats the label, so it is not read out again.
  isLabel?: boolean
  children: ReactNode
}

const delay = 350

// Tooltip shows a short text beside its child while it is pointed at or has the
// focus. Escape hides it. It must not hold anything that is nowhere else.
export function Tooltip({ text, isLabel = false, children }: Props) {
  const id = useId()
  const anchor = useRef<HTMLSpanElement>(null)
  const tip = useRef<HTMLSpanElement>(null)
  const [shown, setShown] = useState(false)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)

  const show = (after: number) => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => setShown(true), after)
  }
  const hide = () => {
    clearTimeout(timer.current)
    setShown(false)
  }
  useEffect(() => () => clearTimeout(timer.current), [])

  useEffect(() => {
    const target = anchor.current?.firstElementChild
    if (!shown || !target || !tip.current) return
    tip.current.showPopover()
    const stop = keepPlaced(target, tip.current, { align: 'center' })
    const onEscape = (event: KeyboardEvent) => event.key === 'Escape' && hide()
    addEventListener('keydown', onEscape)
    return () => {
      stop()
      removeEventListener('keydown', onEscape)
    }
  })

  useEffect(() => {
    const target = anchor.current?.firstElementChild
    if (!isLabel && shown) target?.setAttribute('aria-describedby', id)
    return () => target?.removeAttribute('aria-describedby')
  }, [id, isLabel, shown])

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only watches what happens to its child
    <span
      ref={anchor}
      className={styles.anchor}
      onPointerEnter={event => event.pointerType === 'mouse' && show(delay)}
      onPointerLeave={hide}
      onPointerDown={hide}
      onFocus={event => event.target.matches(':focus-visible') && show(0)}
      onBlur={hide}
    >
      {children}
      {shown && (
        <span ref={tip} id={id} role="tooltip" popover="manual" className={styles.tip}>
          {text}
        </span>
      )}
    </span>
  )
}
