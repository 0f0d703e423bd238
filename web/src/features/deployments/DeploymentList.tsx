import { Link } from '@tanstack/react-router'
import { ArrowRight } from 'lucide-react'
import { useMemo } from 'react'
import { ms } from '~/api'
import { glancesOf, MiniPipeline } from '~/features/stages'
import type { Deployment } from '~/gen/model/model_pb'
import { useFormats, useTexts } from '~/i18n'
import { Chip, Commit, deploymentState, Elapsed, Labels, RelativeTime, StatusMark } from '~/kit'
import styles from './deployments.module.css'
import { byDay, canaryShare, headline, versionOf, versionsBefore } from './rows'

// DeploymentList is the list by days, newest first. j and k go from row to row.
export function DeploymentList({ of }: { of: readonly Deployment[] }) {
  const f = useFormats()
  const days = useMemo(() => byDay(of, f.day), [of, f])
  const before = useMemo(() => versionsBefore(of), [of])
  return (
    <div className={styles.days}>
      {days.map(({ day, deployments }) => (
        <section key={day} aria-label={day} className={styles.day}>
          <h2>{day}</h2>
          <ol className={styles.rows}>
            {deployments.map(d => (
              <Row key={d.id} of={d} before={before.get(d.id)} />
            ))}
          </ol>
        </section>
      ))}
    </div>
  )
}

function Row({ of, before }: { of: Deployment; before: string | undefined }) {
  const t = useTexts()
  const f = useFormats()
  const share = canaryShare(of)
  return (
    <li className={styles.row}>
      <span className={styles.status}>
        <StatusMark of={deploymentState(of.status, t)} />
      </span>
      <div className={styles.what}>
        <p className={styles.title}>
          <Link to="/deployments/$id" params={{ id: of.id }} data-row className={styles.link}>
            {of.applicationName}
          </Link>
          <Versions before={before} after={versionOf(of)} />
          <Labels of={of.labels} />
        </p>
        <Cause of={of} />
      </div>
      <div className={styles.pipeline}>
        <MiniPipeline stages={glancesOf(of.stages)} />
        {share !== undefined && <Chip canary>{t.deployments.share(f.percent(share))}</Chip>}
      </div>
      <span className={styles.took}>
        <span className="sr-only">{t.deployments.duration} </span>
        <Elapsed from={ms(of.createdAt)} to={ms(of.completedAt)} />
      </span>
      <span className={styles.age}>
        <span className="sr-only">{t.deployments.started} </span>
        <RelativeTime at={ms(of.createdAt)} />
      </span>
    </li>
  )
}

function Versions({ before, after }: { before: string | undefined; after: string }) {
  const t = useTexts()
  if (!after && !before) return null
  return (
    <span className={styles.versions}>
      {before && before !== after && (
        <>
          <code>{before}</code>
          <ArrowRight size={14} role="img" aria-label={t.deployments.becomes} />
        </>
      )}
      <code className={styles.after}>{after || t.deployments.unknownVersion}</code>
    </span>
  )
}

// Cause is the commit, and who asked.
function Cause({ of }: { of: Deployment }) {
  const t = useTexts()
  const commit = of.trigger?.commit
  const commander = of.trigger?.commander
  return (
    <p className={styles.cause}>
      {commit && <Commit hash={commit.hash} url={commit.url} title={commit.message} />}
      <span className={styles.message}>{commit ? headline(commit.message) : of.summary}</span>
      <span className={styles.who}>{commander ? t.deployments.syncBy(commander) : commit?.author}</span>
    </p>
  )
}
