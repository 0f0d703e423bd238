import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { useTexts } from '~/i18n'
import { Field, type Option } from './Field'
import styles from './Field.module.css'
import { keepPlaced } from './place'

interface Props {
  label: string
  value: string
  options: readonly Option[]
  onChange: (value: string) => void
  hint?: string | undefined
  error?: string | undefined
  why?: string | undefined
  placeholder?: string
  required?: boolean
  // Any text is a value; otherwise only an option's.
  free?: boolean
}

const shownAtMost = 100

// Combobox is a text field that offers what matches.
export function Combobox({
  label,
  value,
  options,
  onChange,
  hint,
  error,
  why,
  placeholder,
  required,
  free = false,
}: Props) {
  const t = useTexts()
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const list = useRef<HTMLUListElement>(null)
  const labelOf = (v: string) => options.find(o => o.value === v)?.label ?? (free ? v : '')
  const [typed, setTyped] = useState<string | undefined>(undefined) // undefined: shows the value
  const [open, setOpen] = useState(false)
  const [active, setActive] = useState(-1)
  const needle = (typed ?? '').trim().toLowerCase()
  const matches = options.filter(o => `${o.label} ${o.hint ?? ''}`.toLowerCase().includes(needle)).slice(0, shownAtMost)

  useEffect(() => {
    if (!open || !input.current || !list.current) return
    list.current.showPopover()
    return keepPlaced(input.current, list.current, { match: true })
  }, [open])
  useEffect(() => {
    if (open && active >= 0) document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: 'nearest' })
  }, [open, active, id])

  const show = () => {
    if (why === undefined) setOpen(true)
  }
  const choose = (o: Option | undefined) => {
    if (o) onChange(o.value)
    setTyped(undefined)
    setOpen(false)
    setActive(-1)
  }
  const leave = () => {
    // Leaving takes what was typed only if it is a value.
    if (typed !== undefined) {
      const exact = options.find(o => o.label.toLowerCase() === needle || o.value === typed.trim())
      if (typed.trim() === '') onChange('')
      else if (exact) onChange(exact.value)
      else if (free) onChange(typed.trim())
    }
    choose(undefined)
  }
  const key = (event: KeyboardEvent) => {
    switch (event.key) {
      case 'ArrowDown':
      case 'ArrowUp': {
        event.preventDefault()
        show()
        const step = event.key === 'ArrowDown' ? 1 : -1
        setActive(a =>
          matches.length === 0 ? -1 : (a + step + matches.length + (a < 0 && step < 0 ? 1 : 0)) % matches.length,
        )
        break
      }
      case 'Enter':
        if (!open) return
        event.preventDefault()
        if (active >= 0) choose(matches[active])
        else leave()
        break
      case 'Escape':
        if (!open) return
        event.preventDefault()
        event.stopPropagation()
        choose(undefined)
    }
  }

  return (
    <Field label={label} hint={hint} error={error} why={why} required={required}>
      {p => (
        <>
          <input
            {...p}
            ref={input}
            role="combobox"
            autoComplete="off"
            aria-expanded={open}
            aria-controls={`${id}-list`}
            aria-autocomplete="list"
            aria-activedescendant={open && active >= 0 ? `${id}-${active}` : undefined}
            required={required}
            placeholder={placeholder}
            value={typed ?? labelOf(value)}
            onChange={event => {
              setTyped(event.target.value)
              setActive(-1)
              show()
            }}
            onClick={show}
            onBlur={leave}
            onKeyDown={key}
          />
          {open && (
            <ul
              ref={list}
              id={`${id}-list`}
              role="listbox"
              aria-label={label}
              popover="manual"
              className={styles.options}
            >
              {matches.length === 0 && <li className={styles.nothing}>{t.common.noMatches}</li>}
              {matches.map((o, i) => (
                // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the input keeps the focus and has the keys
                <li
                  key={o.value}
                  id={`${id}-${i}`}
                  role="option"
                  aria-selected={i === active}
                  className={styles.option}
                  onPointerDown={event => event.preventDefault()}
                  onClick={() => choose(o)}
                >
                  <span>
                    {o.label}
                    {o.hint && <span className={styles.hint}> {o.hint}</span>}
                  </span>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </Field>
  )
}
