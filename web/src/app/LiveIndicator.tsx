import { type Liveness, useLiveness } from '~/api'
import { type Catalog, useTexts } from '~/i18n'
import { Mark, type Shape, type Tone, Tooltip } from '~/kit'
import styles from './Shell.module.css'

interface Look {
  tone: Tone
  shape: Shape
  word: string
  hint: string
}

function lookOf(liveness: Liveness, t: Catalog): Look | undefined {
  const w = t.live
  switch (liveness) {
    case 'live':
      return { tone: 'ok', shape: 'dot', word: w.live, hint: w.liveHint }
    case 'connecting':
      return { tone: 'idle', shape: 'dashed', word: w.connecting, hint: w.connectingHint }
    case 'polling':
      return { tone: 'warn', shape: 'back', word: w.polling, hint: w.pollingHint }
    case 'offline':
      return { tone: 'bad', shape: 'plug', word: w.offline, hint: w.offlineHint }
    default:
      return undefined
  }
}

// LiveIndicator says how current the page is.
export function LiveIndicator() {
  const t = useTexts()
  const look = lookOf(useLiveness(), t)
  if (!look) return null
  return (
    <Tooltip text={look.hint}>
      <span className={styles.live} role="status">
        <Mark shape={look.shape} tone={look.tone} />
        <span>{look.word}</span>
      </span>
    </Tooltip>
  )
}
