import { useTexts } from '~/i18n'
import styles from './Bits.module.css'

// Skeleton keeps the room of what is being loaded. Nothing shows for 150 ms. The
// width is one of a few classes' worth, in percent.
export function Skeleton({ width = '100%', height = '0.9rem' }: { width?: string; height?: string }) {
  return <span aria-hidden="true" className={styles.skeleton} style={{ width, height }} />
}

const widths = ['62%', '81%', '48%', '73%', '55%', '88%']

// SkeletonRows stands for a list while it is loaded.
export function SkeletonRows({ rows = 6, height }: { rows?: number; height?: string }) {
  const t = useTexts()
  return (
    <div className={styles.rows} role="status" aria-label={t.common.loading}>
      {Array.from({ length: rows }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows have no other identity
        <Skeleton key={i} width={widths[i % widths.length] ?? '100%'} {...(height ? { height } : {})} />
      ))}
    </div>
  )
}
