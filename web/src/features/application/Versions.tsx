import { ArrowRight } from 'lucide-react'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { useTexts } from '~/i18n'
import { Chip, cx } from '~/kit'
import styles from './application.module.css'
import { liveVersion, overrideOf, running } from './view'

// Versions shows the live version and, while a deployment runs, what it becomes.
export function Versions({ app }: { app: Application }) {
  const w = useTexts().applications
  const live = liveVersion(app)
  const next = running(app)
  const becoming = next && next.version !== live ? next.version : undefined
  return (
    <>
      <Transition from={live ?? w.notDeployed} known={Boolean(live)} to={becoming} />
      {overrideOf(app) && <Chip>{w.override}</Chip>}
    </>
  )
}

interface Props {
  // Empty when the version has no name.
  from: string | undefined
  // That from is a version and no word for the lack of one.
  known: boolean
  to: string | undefined
}

// Transition shows a version and what it becomes.
export function Transition({ from, known, to }: Props) {
  const w = useTexts().applications
  return (
    <span className={styles.versions}>
      {from !== undefined && (
        <span className={cx(styles.version, !known && styles.quiet)} title={known ? from : undefined}>
          {from || w.noVersion}
        </span>
      )}
      {from !== undefined && to && <ArrowRight size={14} role="img" aria-label={w.becomes} className={styles.arrow} />}
      {to && (
        <span className={cx(styles.version, styles.becoming)} title={to}>
          {to}
        </span>
      )}
    </span>
  )
}
