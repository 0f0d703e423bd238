import type { ReactNode } from 'react'
import { cx } from './cx'
import styles from './Status.module.css'
import type { Shape, State, Tone } from './status'

const line = {
  fill: 'none',
  stroke: 'currentColor',
  strokeWidth: 2,
  strokeLinecap: 'round',
  strokeLinejoin: 'round',
} as const
const cut = { ...line, stroke: 'var(--surface)' } as const
const round = <circle cx="8" cy="8" r="6" {...line} />

const shapes: Record<Shape, ReactNode> = {
  check: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="m5 8.3 2.1 2.1 4-4.4" {...cut} />
    </>
  ),
  cross: (
    <>
      <path d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1Z" fill="currentColor" />
      <path d="m5.7 5.7 4.6 4.6m0-4.6-4.6 4.6" {...cut} />
    </>
  ),
  ring: (
    <>
      <circle cx="8" cy="8" r="6" {...line} opacity="0.25" />
      <path d="M8 2a6 6 0 0 1 6 6" {...line} className={styles.turning} />
    </>
  ),
  back: <path d="M2.5 3v3.5H6M2.8 6.3A6 6 0 1 1 2.6 10" {...line} />,
  dashed: <circle cx="8" cy="8" r="6" {...line} strokeDasharray="1.8 2.912" />,
  planned: (
    <>
      <circle cx="8" cy="8" r="6" {...line} strokeDasharray="1.8 2.912" />
      <circle cx="8" cy="8" r="2" fill="currentColor" />
    </>
  ),
  slash: (
    <>
      {round}
      <path d="m4 12 8-8" {...line} />
    </>
  ),
  skip: <path d="m3 4 4 4-4 4m5.5-8 4 4-4 4" {...line} />,
  stop: (
    <>
      {round}
      <rect x="5.5" y="5.5" width="5" height="5" rx="0.8" fill="currentColor" />
    </>
  ),
  person: (
    <>
      <circle cx="8" cy="5" r="2.8" {...line} />
      <path d="M2.5 14c.5-3 2.6-4.5 5.5-4.5s5 1.5 5.5 4.5" {...line} />
    </>
  ),
  drift: (
    <>
      <path d="M8 .8 15.2 8 8 15.2.8 8Z" fill="currentColor" />
      <path d="M5.5 6.7h5m-5 2.8h5m-1-4.5-3 6" {...cut} strokeWidth="1.5" />
    </>
  ),
  alert: (
    <>
      <path d="M8 1.5 15.3 14.3H.7Z" fill="currentColor" stroke="currentColor" strokeWidth="1" strokeLinejoin="round" />
      <path d="M8 6v3.5m0 2.4v.1" {...cut} />
    </>
  ),
  question: (
    <>
      {round}
      <path d="M6.4 6.6A1.7 1.7 0 1 1 8 8.6m0 2.1v.1" {...line} strokeWidth="1.6" />
    </>
  ),
  dot: <circle cx="8" cy="8" r="4.5" fill="currentColor" />,
  plug: (
    <>
      <circle cx="8" cy="8" r="4.5" {...line} />
      <path d="m2 2 12 12" {...line} />
    </>
  ),
}

// Mark is a state's shape. The word beside it says the same to everybody.
export function Mark({ shape, tone }: { shape: Shape; tone: Tone }) {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true" className={cx(styles.mark, styles[tone])}>
      {shapes[shape]}
    </svg>
  )
}

interface StatusProps {
  of: State
  pill?: boolean
}

// StatusMark is shape, word and colour: <StatusMark of={syncState(s, t)} />.
export function StatusMark({ of, pill = false }: StatusProps) {
  return (
    <span className={cx(styles.status, styles[of.tone], pill && styles.pill)}>
      <Mark shape={of.shape} tone={of.tone} />
      {of.word}
    </span>
  )
}

// StatusShape is the shape alone, for places so narrow that the word is only
// told: in a title and to screen readers.
export function StatusShape({ of, label }: { of: State; label?: string }) {
  return (
    <span
      role="img"
      aria-label={label ? `${label}: ${of.word}` : of.word}
      title={label ? `${label}: ${of.word}` : of.word}
    >
      <Mark shape={of.shape} tone={of.tone} />
    </span>
  )
}
