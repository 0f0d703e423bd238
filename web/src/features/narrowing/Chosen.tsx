import { X } from 'lucide-react'
import { useTexts } from '~/i18n'
import styles from './narrowing.module.css'

export interface Choice {
  readonly id: string
  readonly word: string
  readonly drop: () => void
}

// Chosen are choices that no field shows; a press takes one back.
export function Chosen({ choices }: { choices: readonly Choice[] }) {
  const t = useTexts()
  if (choices.length === 0) return null
  return (
    <div className={styles.chosen}>
      {choices.map(c => (
        <button
          key={c.id}
          type="button"
          className={styles.drop}
          aria-label={t.common.dropFilter(c.word)}
          onClick={c.drop}
        >
          {c.word}
          <X size={14} aria-hidden="true" />
        </button>
      ))}
    </div>
  )
}
