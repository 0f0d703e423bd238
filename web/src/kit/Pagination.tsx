import { ChevronRight, ChevronsLeft } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTexts } from '~/i18n'
import styles from './Bits.module.css'
import { Button } from './Button'

interface Props {
  // Undefined on the first page.
  onFirst: (() => void) | undefined
  // Undefined on the last page.
  onNext: (() => void) | undefined
  busy?: boolean
  children?: ReactNode
}

// Pagination goes on by the answer's cursor. Going back is the browser's work:
// the cursor is in the address.
export function Pagination({ onFirst, onNext, busy, children }: Props) {
  const t = useTexts()
  if (!onFirst && !onNext) return null
  return (
    <nav className={styles.pages} aria-label={t.common.next}>
      {children}
      {onFirst && (
        <Button look="quiet" onClick={onFirst}>
          <ChevronsLeft size={16} aria-hidden="true" />
          {t.common.firstPage}
        </Button>
      )}
      {onNext && (
        <Button onClick={onNext} busy={busy}>
          {t.common.next}
          <ChevronRight size={16} aria-hidden="true" />
        </Button>
      )}
    </nav>
  )
}
