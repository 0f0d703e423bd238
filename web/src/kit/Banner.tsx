import type { ReactNode } from 'react'
import styles from './Bits.module.css'
import { cx } from './cx'
import { Mark } from './Status'
import type { Shape, Tone } from './status'

const shapes: Record<Tone, Shape> = { ok: 'check', bad: 'alert', warn: 'alert', run: 'ring', idle: 'question' }

interface Props {
  tone: Tone
  shape?: Shape
  children: ReactNode
  action?: ReactNode
}

// Banner says in place what holds for all that is below it.
export function Banner({ tone, shape, children, action }: Props) {
  return (
    <div className={cx(styles.banner, styles[tone])}>
      <Mark shape={shape ?? shapes[tone]} tone={tone} />
      <div className={styles.bannerText}>{children}</div>
      {action}
    </div>
  )
}
