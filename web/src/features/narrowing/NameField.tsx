import { Search } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useTexts } from '~/i18n'
import { TextField, useShortcut } from '~/kit'
import styles from './narrowing.module.css'

const typingPause = 200

interface Props {
  value: string
  label: string
  onChange: (value: string) => void
}

// NameField asks when the typing pauses.
export function NameField({ value, label, onChange }: Props) {
  const t = useTexts()
  const host = useRef<HTMLDivElement>(null)
  const [typed, setTyped] = useState(value)
  const latest = useRef({ value, onChange })
  useEffect(() => {
    latest.current = { value, onChange }
  })
  // The address changed by other means: back, a link, "clear filters".
  useEffect(() => setTyped(value), [value])
  useEffect(() => {
    const name = typed.trim()
    if (name === latest.current.value) return
    const timer = setTimeout(() => latest.current.onChange(name), typingPause)
    return () => clearTimeout(timer)
  }, [typed])
  useShortcut({
    keys: '/',
    label: t.shortcuts.search,
    group: 'page',
    run: () => host.current?.querySelector('input')?.focus(),
  })
  return (
    <div ref={host} className={styles.name}>
      <Search size={16} aria-hidden="true" />
      <TextField
        compact
        type="search"
        label={label}
        placeholder={t.common.partOfName}
        value={typed}
        onChange={setTyped}
        maxLength={255}
        autoComplete="off"
        spellCheck={false}
      />
    </div>
  )
}
