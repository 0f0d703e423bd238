import { X } from 'lucide-react'
import { type ReactNode, useEffect, useRef } from 'react'
import { Store, useStore } from '~/api'
import { useTexts } from '~/i18n'
import styles from './Bits.module.css'
import { IconButton } from './Button'
import { Mark } from './Status'
import type { Shape, Tone } from './status'

interface Toast {
  id: number
  tone: Tone
  shape: Shape
  text: ReactNode
}

const toasts = new Store<readonly Toast[]>([])
const shown = 8000
const atMost = 4
let next = 1

// toast says something in passing. What a person waits for is said in place, and
// at most repeated here.
export function toast(tone: Tone, shape: Shape, text: ReactNode): void {
  const id = next++
  toasts.set([...toasts.get().slice(1 - atMost), { id, tone, shape, text }])
  if (tone !== 'bad') setTimeout(() => dismiss(id), shown)
}

function dismiss(id: number): void {
  toasts.set(toasts.get().filter(t => t.id !== id))
}

// Toasts shows them; the shell has it once.
export function Toasts() {
  const t = useTexts()
  const all = useStore(toasts)
  const ref = useRef<HTMLElement>(null)
  useEffect(() => {
    const popover = ref.current
    if (all.length === 0) popover?.hidePopover()
    else if (!popover?.matches(':popover-open')) popover?.showPopover()
  }, [all])
  return (
    <section
      ref={ref}
      popover="manual"
      className={styles.toasts}
      aria-label={t.shell.notifications}
      role="status"
      hidden={all.length === 0}
    >
      {all.map(x => (
        <div key={x.id} className={styles.toast}>
          <Mark shape={x.shape} tone={x.tone} />
          <div>{x.text}</div>
          <IconButton label={t.shell.dismiss} icon={<X size={16} aria-hidden="true" />} onClick={() => dismiss(x.id)} />
        </div>
      ))}
    </section>
  )
}
