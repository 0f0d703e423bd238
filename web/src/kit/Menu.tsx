import { Check } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { cx } from './cx'
import styles from './Menu.module.css'
import { keepPlaced } from './place'

export type MenuItem =
  | {
      id: string
      label: string
      icon?: ReactNode
      // A second, quieter line.
      hint?: string | undefined
      danger?: boolean
      // Why it cannot be chosen; shown as its hint.
      why?: string | undefined
      // One of several of which one is chosen.
      checked?: boolean
      onSelect: () => void
    }
  | { id: string; heading: string }
  | { id: string; line: true }

// TriggerProps go onto the button that opens the menu.
export interface TriggerProps {
  ref: (element: HTMLButtonElement | null) => void
  popoverTarget: string
  'aria-haspopup': 'menu'
  'aria-expanded': boolean
  onKeyDown: (event: KeyboardEvent) => void
}

interface Props {
  label: string
  items: readonly MenuItem[]
  trigger: (props: TriggerProps) => ReactNode
  align?: 'start' | 'end'
  off?: boolean | undefined
}

// Menu is a button with a menu of actions, as a native popover: it is never
// modal, closes by itself, and gives the focus back.
export function Menu({ label, items, trigger, align = 'start', off = false }: Props) {
  const id = useId()
  const button = useRef<HTMLButtonElement | null>(null)
  const menu = useRef<HTMLDivElement>(null)
  const [open, setOpen] = useState(false)

  useEffect(() => {
    if (!open || !button.current || !menu.current) return
    const stop = keepPlaced(button.current, menu.current, { align })
    const first = menu.current.querySelector<HTMLElement>('[aria-checked="true"]') ?? entries(menu.current)[0]
    first?.focus({ preventScroll: true })
    return stop
  }, [open, align])

  const keyOnButton = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowDown' || off) return
    event.preventDefault()
    menu.current?.showPopover()
  }

  return (
    <>
      {trigger({
        ref: element => {
          button.current = element
        },
        popoverTarget: off ? '' : id,
        'aria-haspopup': 'menu',
        'aria-expanded': open,
        onKeyDown: keyOnButton,
      })}
      <div
        ref={menu}
        id={id}
        role="menu"
        aria-label={label}
        tabIndex={-1}
        popover="auto"
        className={styles.menu}
        onToggle={event => setOpen(event.newState === 'open')}
        onKeyDown={event => menu.current && moveFocus(event, menu.current)}
      >
        {open && items.map(item => <Entry key={item.id} item={item} close={() => menu.current?.hidePopover()} />)}
      </div>
    </>
  )
}

function Entry({ item, close }: { item: MenuItem; close: () => void }) {
  if ('line' in item) return <hr className={styles.line} />
  if ('heading' in item) return <div className={styles.heading}>{item.heading}</div>
  const off = item.why !== undefined
  const choose = () => {
    if (off) return
    close()
    item.onSelect()
  }
  const choice = item.checked === undefined ? {} : { role: 'menuitemradio', 'aria-checked': item.checked }
  return (
    <button
      type="button"
      role="menuitem"
      {...choice}
      tabIndex={-1}
      aria-disabled={off || undefined}
      className={cx(styles.item, item.danger && styles.danger)}
      onClick={choose}
    >
      {item.icon}
      <span className={styles.text}>
        {item.label}
        {(item.why ?? item.hint) && <span className={styles.hint}>{item.why ?? item.hint}</span>}
      </span>
      {item.checked && <Check size={16} aria-hidden="true" />}
    </button>
  )
}

function entries(menu: HTMLElement): HTMLElement[] {
  return [...menu.querySelectorAll<HTMLElement>('[role^="menuitem"]')]
}

// moveFocus moves by arrows, Home and End, and to the entry that begins with
// the typed letter. Tab closes.
function moveFocus(event: KeyboardEvent, menu: HTMLElement): void {
  const all = entries(menu)
  const at = all.indexOf(document.activeElement as HTMLElement)
  const go = (to: number) => {
    event.preventDefault()
    all[(to + all.length) % all.length]?.focus()
  }
  switch (event.key) {
    case 'ArrowDown':
      return go(at + 1)
    case 'ArrowUp':
      return go(at < 0 ? -1 : at - 1)
    case 'Home':
      return go(0)
    case 'End':
      return go(-1)
    case 'Tab':
      return menu.hidePopover()
  }
  if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey || event.key === ' ') return
  const letter = event.key.toLowerCase()
  const next = [...all.slice(at + 1), ...all.slice(0, at + 1)].find(e =>
    e.textContent?.trim().toLowerCase().startsWith(letter),
  )
  next?.focus()
}
