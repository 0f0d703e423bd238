import { now } from '~/api'
import { useFormats } from '~/i18n'
import styles from './Bits.module.css'
import { useNow } from './time'

const minute = 60_000

// RelativeTime says how long ago, in milliseconds since 1970; the title is exact.
// What is younger than a minute ticks each second, the rest seldom.
export function RelativeTime({ at }: { at: number | undefined }) {
  if (at === undefined) return <span>–</span>
  return now() - at < minute ? <Young at={at} /> : <Old at={at} />
}

function Young({ at }: { at: number }) {
  return <Age at={at} now={useNow('second')} />
}

function Old({ at }: { at: number }) {
  return <Age at={at} now={useNow('slow')} />
}

function Age({ at, now }: { at: number; now: number }) {
  const f = useFormats()
  return (
    <time className={styles.time} dateTime={new Date(at).toISOString()} title={f.dateTime(at)}>
      {f.relative(at, now)}
    </time>
  )
}

// Elapsed says how long something took, or has been going on when it has no end.
export function Elapsed({ from, to }: { from: number | undefined; to: number | undefined }) {
  const f = useFormats()
  if (from === undefined) return <span>–</span>
  if (to === undefined) return <Running from={from} />
  return <span className={styles.time}>{f.duration(to - from)}</span>
}

function Running({ from }: { from: number }) {
  const f = useFormats()
  return <span className={styles.time}>{f.duration(useNow('second') - from)}</span>
}
