import { useEffect, useRef } from 'react'
import { Store, useStore } from '~/api'

// Shortcut is a key, or two one after the other: "g a". They are off where
// something is typed, under a dialog, and when the user turned them off.
export interface Shortcut {
  readonly keys: string
  readonly label: string
  readonly group: 'everywhere' | 'lists' | 'page'
  readonly run: () => void
}

const pause = 1200 // ms between two keys
const storageKey = 'shortcuts'

const registered = new Store<readonly Shortcut[]>([])
const enabled = new Store(localStorage.getItem(storageKey) !== 'off')

// useShortcut adds a shortcut while the component is mounted; undefined adds none.
export function useShortcut(shortcut: Shortcut | undefined): void {
  const latest = useRef(shortcut)
  useEffect(() => {
    latest.current = shortcut
  })
  const { keys, label, group } = shortcut ?? {}
  useEffect(() => {
    if (keys === undefined || label === undefined || group === undefined) return
    const entry: Shortcut = { keys, label, group, run: () => latest.current?.run() }
    registered.set([...registered.get(), entry])
    return () => registered.set(registered.get().filter(s => s !== entry))
  }, [keys, label, group])
}

export function useShortcuts(): readonly Shortcut[] {
  return useStore(registered)
}

export function useShortcutsEnabled(): readonly [boolean, (on: boolean) => void] {
  const set = (on: boolean) => {
    localStorage.setItem(storageKey, on ? 'on' : 'off')
    enabled.set(on)
  }
  return [useStore(enabled), set]
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('input, textarea, select, [role="menu"] *, [role="combobox"]'))
  )
}

// listen runs the shortcuts. The shell calls it once.
export function listenForShortcuts(): () => void {
  let first = ''
  let at = 0
  const key = (event: KeyboardEvent) => {
    if (!enabled.get() || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat)
      return
    if (isTyping(event.target) || document.querySelector('dialog[open]')) return
    const now = Date.now()
    const pressed = first && now - at < pause ? `${first} ${event.key}` : event.key
    const all = registered.get()
    // The newest wins: a page's own before the shell's.
    const found = all.findLast(s => s.keys === pressed) ?? all.findLast(s => s.keys === event.key)
    first = all.some(s => s.keys.startsWith(`${event.key} `)) && !found ? event.key : ''
    at = now
    if (!found) return
    event.preventDefault()
    found.run()
  }
  addEventListener('keydown', key)
  return () => removeEventListener('keydown', key)
}

// moveRow moves the focus among the rows on the page: the links with data-row.
export function moveRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')]
  const at = rows.indexOf(document.activeElement as HTMLElement)
  const to = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step))
  rows[to]?.focus()
  rows[to]?.scrollIntoView({ block: 'nearest' })
}
