import { type KeyboardEvent, useState } from 'react'
import { useTexts } from '~/i18n'
import { TextField } from '~/kit'
import { labelOf, withLabel } from './labels'
import styles from './narrowing.module.css'

interface Props {
  labels: readonly string[]
  onChange: (labels: string[]) => void
}

// LabelField adds a label with Enter.
export function LabelField({ labels, onChange }: Props) {
  const t = useTexts()
  const [typed, setTyped] = useState('')
  const [wrong, setWrong] = useState(false)
  const key = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.nativeEvent.isComposing || typed.trim() === '') return
    event.preventDefault()
    const label = labelOf(typed)
    setWrong(!label)
    if (!label) return
    setTyped('')
    onChange(withLabel(labels, label))
  }
  return (
    <div className={styles.label}>
      <TextField
        compact
        label={t.common.label}
        placeholder={t.common.labelForm}
        value={typed}
        onChange={value => {
          setTyped(value)
          setWrong(false)
        }}
        onKeyDown={key}
        error={wrong ? t.common.labelWrong : undefined}
        autoComplete="off"
        spellCheck={false}
      />
    </div>
  )
}
