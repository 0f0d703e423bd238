import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { ms } from '~/api'
import type { Deployment } from '~/gen/model/model_pb'
import type { Piped } from '~/gen/pipecd/web/v1/piped_pb'
import { type Catalog, useFormats, useTexts } from '~/i18n'
import { Banner, Commit, cx, deploymentState, Elapsed, pipedState, RelativeTime, StatusMark, useNow } from '~/kit'
import styles from './deployment.module.css'
import { isOffline, pipedName } from './piped'
import { sentenceOf, versionOf } from './sentence'

interface Props {
  deployment: Deployment
  piped: Piped | undefined
  before: string
}

// Note stands beside the application's name: from which version to which.
export function Note({ deployment, before }: Omit<Props, 'piped'>) {
  const t = useTexts()
  const after = versionOf(deployment, t)
  return (
    <span className={styles.note}>
      <StatusMark pill of={deploymentState(deployment.status, t)} />
      <span className={styles.versions}>
        {before && before !== after && (
          <>
            {before}
            <span aria-hidden="true"> → </span>
            <span className="sr-only"> {t.deployment.becomes} </span>
          </>
        )}
        <b>{after}</b>
      </span>
    </span>
  )
}

// Sentence is the answer to what one comes for. It ticks by itself, so that the
// page around it does not.
export function Sentence({ deployment, piped, before }: Props) {
  const t = useTexts()
  const f = useFormats()
  const now = useNow('second')
  return (
    <p className={styles.sentence}>
      {sentenceOf(deployment, { piped: pipedName(piped), before, now, offline: isOffline(piped) }, t, f)}
    </p>
  )
}

export function Facts({ deployment: d, piped }: Omit<Props, 'before'>) {
  const t = useTexts()
  const w = t.deployment.facts
  const commit = d.trigger?.commit
  return (
    <dl className={styles.facts} aria-label={w.label}>
      {commit && (
        <Fact name={w.commit} wide>
          <span className={styles.message} title={commit.message}>
            {commit.message.split('\n')[0]}
          </span>
          <span className={styles.quiet}>
            <Commit hash={commit.hash} url={commit.url} title={commit.message} />
            <span>{w.by(commit.author)}</span>
          </span>
        </Fact>
      )}
      <Fact name={w.trigger}>
        {d.trigger?.rolledBackTo && (
          <Link to="/deployments/$id" params={{ id: d.trigger.rolledBackTo }}>
            {w.override}
          </Link>
        )}
        <span>{d.trigger?.commander || w.triggerCommit(commit?.branch ?? '')}</span>
        <span className={styles.quiet}>
          <RelativeTime at={ms(d.createdAt)} />
        </span>
      </Fact>
      <Fact name={w.duration}>
        <Elapsed from={ms(d.createdAt)} to={ms(d.completedAt)} />
        <span className={styles.quiet}>{strategyOf(d, t)}</span>
      </Fact>
      <Fact name={w.application}>
        <Link to="/applications/$id" params={{ id: d.applicationId }}>
          {d.applicationName}
        </Link>
        <span className={styles.quiet}>
          {Object.entries(d.labels)
            .map(([k, v]) => `${k}:${v}`)
            .sort()
            .join(' ') || d.platformProvider}
        </span>
      </Fact>
      <Fact name={w.piped}>
        <span>{pipedName(piped)}</span>
        <span className={styles.quiet}>
          {piped?.piped && <StatusMark of={pipedState(piped.piped.status, piped.piped.disabled, t)} />}
        </span>
      </Fact>
    </dl>
  )
}

function Fact({ name, wide = false, children }: { name: string; wide?: boolean; children: ReactNode }) {
  return (
    <div className={cx(styles.fact, wide && styles.wide)}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function strategyOf(d: Deployment, t: Catalog): string {
  const quick = d.stages.some(s => s.name === 'ECS_SYNC')
  if (d.stages.length === 0) return ''
  return quick ? t.status.strategy.quickSync : t.status.strategy.pipeline
}

// Offline says that the agent is away, and what that means for the page.
export function Offline({ piped }: { piped: Piped | undefined }) {
  const t = useTexts()
  if (!isOffline(piped)) return null
  const w = t.deployment.offline
  const seen = piped && ms(piped.lastSeenAt)
  const [before, after] = w.seen('\n').split('\n')
  return (
    <Banner tone="warn" shape="plug" action={<Link to="/settings/piped">{w.link}</Link>}>
      <b>{w.title(pipedName(piped))}</b>{' '}
      {seen === undefined ? (
        w.never
      ) : (
        <>
          {before}
          <RelativeTime at={seen} />
          {after}
        </>
      )}{' '}
      {w.frozen}
    </Banner>
  )
}
