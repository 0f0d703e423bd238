import { ArrowRight } from 'lucide-react'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { useTexts } from '~/i18n'
import { cx } from '~/kit'
import styles from './application.module.css'
import { liveVersion, running } from './view'

// Versions shows the live version and, while a deployment runs, what it becomes.
export function Versions({ app }: { app: Application }) {
  const t = useTexts()
  const w = t.applications
  const live = liveVersion(app)
  const next = running(app)
  const now = live === undefined ? w.notDeployed : live || w.noVersion
  const nowIsName = Boolean(live)
  const becoming = next && next.version !== live ? next.version : undefined
  return (
    <span className={styles.versions}>
      <span className={cx(styles.version, !nowIsName && styles.quiet)} title={nowIsName ? now : undefined}>
        {now}
      </span>
      {becoming && (
        <>
          <ArrowRight size={14} role="img" aria-label={w.becomes} className={styles.arrow} />
          <span className={cx(styles.version, styles.becoming)} title={becoming}>
            {becoming}
          </span>
        </>
      )}
    </span>
  )
}
