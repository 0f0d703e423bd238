import type { ReactNode } from 'react'
import styles from './Bits.module.css'

// EmptyState says why there is nothing, and what to do next.
export function EmptyState({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className={styles.empty}>
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {action}
    </div>
  )
}
