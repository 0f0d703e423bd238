import { Link } from '@tanstack/react-router'
import { ms } from '~/api'
import type { Deployment } from '~/gen/model/model_pb'
import { type Catalog, useFormats, useTexts } from '~/i18n'
import {
  Button,
  Commit,
  deploymentState,
  ErrorPanel,
  isCompleted,
  Mark,
  Panel,
  RelativeTime,
  SkeletonRows,
} from '~/kit'
import styles from './application.module.css'
import { useRecent } from './recent'

// Timeline is what was deployed, newest first.
export function Timeline({ applicationId }: { applicationId: string }) {
  const t = useTexts()
  const w = t.application.timeline
  const list = useRecent(applicationId)
  const rows = list.data?.pages.flatMap(p => p.deployments) ?? []
  return (
    <Panel
      title={w.title}
      actions={
        rows.length > 0 && (
          <Link to="/deployments" search={{ applicationId }} className={styles.all}>
            {w.all}
          </Link>
        )
      }
    >
      {list.error && <ErrorPanel error={list.error} onRetry={() => void list.refetch()} busy={list.isFetching} />}
      {list.isPending && (
        <div className={styles.inside}>
          <SkeletonRows />
        </div>
      )}
      {list.data && rows.length === 0 && <p className={styles.none}>{w.none}</p>}
      {rows.length > 0 && (
        <ol className={styles.timeline}>
          {rows.map(d => (
            <Entry key={d.id} of={d} />
          ))}
        </ol>
      )}
      {list.hasNextPage && (
        <div className={styles.more}>
          <Button look="quiet" onClick={() => void list.fetchNextPage()} busy={list.isFetchingNextPage}>
            {w.more}
          </Button>
        </div>
      )}
    </Panel>
  )
}

function Entry({ of: d }: { of: Deployment }) {
  const t = useTexts()
  const f = useFormats()
  const w = t.application.timeline
  const state = deploymentState(d.status, t)
  const ended = isCompleted(d.status)
  const commit = d.trigger?.commit
  const version = d.versions[0]?.version || (ended ? w.noVersionEnded : w.noVersion)
  const [from, to] = [ms(d.createdAt), ms(d.completedAt)]
  return (
    <li className={styles.entry}>
      <span className={styles.rail}>
        <Mark shape={state.shape} tone={state.tone} />
      </span>
      <div className={styles.told}>
        <p className={styles.first}>
          <Link to="/deployments/$id" params={{ id: d.id }} data-row className={styles.versionLink}>
            {version}
          </Link>
          <span className={styles[state.tone]}>{state.word}</span>
        </p>
        <p className={styles.second}>
          {commit && <Commit hash={commit.hash} url={commit.url} title={commit.message} />}
          {commit && <span className={styles.subject}>{firstLine(commit.message)}</span>}
        </p>
        <p className={styles.third}>
          <span>{whoOf(d, t)}</span>
          {from !== undefined && to !== undefined && <span>{w.took(f.duration(to - from))}</span>}
        </p>
      </div>
      <span className={styles.age}>
        <RelativeTime at={from} />
      </span>
    </li>
  )
}

// whoOf names the person: who pressed SYNC, else who made the commit.
function whoOf(d: Deployment, t: Catalog): string {
  const w = t.application.timeline
  const { commander = '', commit } = d.trigger ?? {}
  return commander ? w.bySync(commander) : w.by(commit?.author ?? '')
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
