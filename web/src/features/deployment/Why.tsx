import { useStageLog } from '~/api'
import { isStarted, startOf, stopped } from '~/features/pipeline'
import { lastError } from '~/features/stage-log'
import { type Deployment, DeploymentStatus, type PipelineStage, StageStatus } from '~/gen/model/model_pb'
import { type Catalog, useFormats, useTexts } from '~/i18n'
import { Mark, Quote, type Shape, type Tone } from '~/kit'
import styles from './deployment.module.css'
import { changedNothing } from './unchanged'

// The key of the query that failed an analysis.
const failedQuery = 'failed-query'

interface Props {
  deployment: Deployment
  // Shows a stage's log, at a line when one is given.
  onShow: (stage: string, line?: number) => void
}

// Why tells why a deployment did not bring its version out, what was done about
// it, and what a person can do.
export function Why({ deployment: d, onShow }: Props) {
  const t = useTexts()
  const w = t.deployment.why
  const at = stopped(d.stages)
  const bad = at?.status === StageStatus.STAGE_FAILURE
  if (!concerns(d)) return null
  const rollback = changedNothing(d) ? undefined : d.stages.find(s => s.rollback && isStarted(s))
  const query = at?.metadata[failedQuery]
  return (
    <section className={styles.why} aria-labelledby="why">
      <h2 id="why">{isCancelled(d, at) ? w.titleCancelled : rollback ? w.title : w.titleFailed}</h2>
      <dl className={styles.reasons}>
        <Reason name={w.what} tone={bad ? 'bad' : 'idle'} shape={bad ? 'cross' : 'slash'}>
          <What d={d} at={bad ? at : undefined} />
          {query && (
            <p className={styles.query}>
              <span className={styles.quiet}>{w.asked}</span> <code>{query}</code>
            </p>
          )}
          {at && isStarted(at) && <ErrorLine deployment={d} stage={at} onShow={onShow} />}
        </Reason>
        <Done d={d} rollback={rollback} onShow={onShow} />
        <Reason name={w.next} tone="idle" shape="planned">
          <p>{nextOf(d, at, t)}</p>
        </Reason>
      </dl>
    </section>
  )
}

// What is the agent's reason, after the stage that failed for it.
function What({ d, at }: { d: Deployment; at: PipelineStage | undefined }) {
  const w = useTexts().deployment.why
  if (at?.statusReason) {
    const [before, after] = w.failed('\n').split('\n')
    return (
      <p>
        {before}
        <code className={styles.stageName}>{at.name}</code>
        {after}
        <Quote>{at.statusReason}</Quote>
      </p>
    )
  }
  return <p>{d.statusReason ? <Quote>{d.statusReason}</Quote> : w.noReason}</p>
}

function isCancelled(d: Deployment, at: PipelineStage | undefined): boolean {
  if (at?.status === StageStatus.STAGE_FAILURE) return false
  return d.status === DeploymentStatus.DEPLOYMENT_CANCELLED || at?.status === StageStatus.STAGE_CANCELLED
}

function concerns(d: Deployment): boolean {
  return (
    d.status === DeploymentStatus.DEPLOYMENT_FAILURE ||
    d.status === DeploymentStatus.DEPLOYMENT_CANCELLED ||
    d.status === DeploymentStatus.DEPLOYMENT_ROLLING_BACK
  )
}

function nextOf(d: Deployment, at: PipelineStage | undefined, t: Catalog): string {
  const w = t.deployment.why
  if (isCancelled(d, at)) return w.nextCancelled
  return at?.name === 'ANALYSIS' ? w.nextAnalysis : w.nextFailed
}

function Done({
  d,
  rollback,
  onShow,
}: {
  d: Deployment
  rollback: PipelineStage | undefined
  onShow: Props['onShow']
}) {
  const t = useTexts()
  const w = t.deployment.why
  if (!rollback) {
    const begun = !changedNothing(d) && d.stages.some(s => startOf(s) !== undefined)
    return (
      <Reason name={w.done} tone={begun ? 'warn' : 'idle'} shape={begun ? 'alert' : 'slash'}>
        <p>{begun ? w.notUndone : w.nothing}</p>
      </Reason>
    )
  }
  const [tone, shape, word]: [Tone, Shape, string] =
    rollback.status === StageStatus.STAGE_SUCCESS
      ? ['ok', 'check', w.undone]
      : rollback.status === StageStatus.STAGE_RUNNING
        ? ['warn', 'back', w.undoing]
        : ['bad', 'cross', w.undoFailed]
  return (
    <Reason name={w.done} tone={tone} shape={shape}>
      <p>
        {word}
        {rollback.statusReason && (
          <>
            : <Quote>{rollback.statusReason}</Quote>
          </>
        )}
      </p>
      <button type="button" className={styles.toLine} onClick={() => onShow(rollback.id)}>
        {t.deployment.log.of(rollback.name)}
      </button>
    </Reason>
  )
}

interface ReasonProps {
  name: string
  tone: Tone
  shape: Shape
  children: React.ReactNode
}

function Reason({ name, tone, shape, children }: ReasonProps) {
  return (
    <div className={styles.reason}>
      <dt>
        <Mark shape={shape} tone={tone} />
        {name}
      </dt>
      <dd>{children}</dd>
    </div>
  )
}

// ErrorLine leads to the line of the log where it went wrong.
function ErrorLine({ deployment, stage, onShow }: Props & { stage: PipelineStage }) {
  const t = useTexts()
  const f = useFormats()
  const { blocks } = useStageLog({
    deploymentId: deployment.id,
    stageId: stage.id,
    retriedCount: stage.retriedCount,
  })
  const line = lastError(blocks)
  return (
    <button type="button" className={styles.toLine} onClick={() => onShow(stage.id, line)}>
      {line === undefined ? t.deployment.why.log : t.deployment.why.line(f.number(line))}
    </button>
  )
}
