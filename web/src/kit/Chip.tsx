import type { ReactNode } from 'react'
import styles from './Bits.module.css'
import { cx } from './cx'

// Chip is a short fact. canary marks what belongs to the new version.
export function Chip({
  children,
  canary,
  title,
}: {
  children: ReactNode
  canary?: boolean
  title?: string | undefined
}) {
  return (
    <span className={cx(styles.chip, canary && styles.canary)} title={title}>
      {children}
    </span>
  )
}

// Labels shows an application's labels in the order of their names.
export function Labels({ of }: { of: Record<string, string> }) {
  const entries = Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1))
  if (entries.length === 0) return null
  return (
    <span className={styles.chips}>
      {entries.map(([name, value]) => (
        <Chip key={name} title={`${name}:${value}`}>
          {name}
          <b>{value}</b>
        </Chip>
      ))}
    </span>
  )
}
