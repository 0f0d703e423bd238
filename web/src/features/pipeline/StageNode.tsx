import { Fragment, type MouseEvent, type ReactNode } from 'react'
import { ms } from '~/api'
import { type PipelineStage, StageStatus } from '~/gen/model/model_pb'
import { useFormats, useTexts } from '~/i18n'
import { cx, Elapsed, Mark, type State, stageState, useNow } from '~/kit'
import { purposeOf, timingOf } from './facts'
import { isOver, startOf } from './levels'
import styles from './node.module.css'

interface Props {
  stage: PipelineStage
  place: { n: number; of: number }
  chosen: boolean
  href: string
  onChoose: () => void
  // The stage that a rollback undoes.
  after: string | undefined
  actions: ReactNode
  // Keeps the place of actions that may come, so that nothing moves when they do.
  room: boolean
}

// StageNode is one stage. The whole of it is a link to the stage's log.
export function StageNode({ stage, place, chosen, href, onChoose, after, actions, room }: Props) {
  const t = useTexts()
  const f = useFormats()
  const state = stageState(stage.status, t, stage.availableOperation, stage.rollback)
  const press = (event: MouseEvent) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    onChoose()
  }
  return (
    <div className={cx(styles.node, styles[state.tone], chosen && styles.chosen, isIdle(stage) && styles.idleNode)}>
      <div className={styles.name}>
        <Mark shape={state.shape} tone={state.tone} />
        <a href={href} onClick={press} aria-current={chosen ? 'true' : undefined} data-stage={stage.id}>
          {breakable(stage.name)}
          <span className="sr-only">
            {' '}
            ({t.deployment.pipeline.stage(state.word, f.number(place.n), f.number(place.of))})
          </span>
        </a>
      </div>
      <p className={styles.purpose}>{after ? t.deployment.pipeline.rollbackOf(after) : purposeOf(stage, t, f)}</p>
      <p className={styles.time}>
        <Time stage={stage} state={state} />
      </p>
      {(actions || room) && <div className={styles.nodeActions}>{actions}</div>}
      {timingOf(stage, 0) && <Progress stage={stage} />}
    </div>
  )
}

const isIdle = (s: PipelineStage) =>
  s.status === StageStatus.STAGE_NOT_STARTED_YET || (isOver(s) && startOf(s) === undefined)

// A long name may break after its underscores.
function breakable(name: string): ReactNode {
  let at = 0
  return name.split(/(?<=_)/).map(part => {
    at += part.length
    return (
      <Fragment key={at}>
        {part}
        <wbr />
      </Fragment>
    )
  })
}

function Time({ stage, state }: { stage: PipelineStage; state: State }) {
  const from = startOf(stage)
  // A state without a time of its own is said in its word.
  if (from === undefined) return <>{state.word}</>
  const word = state.shape === 'ring' || state.shape === 'check' ? '' : state.word
  return (
    <>
      {word && <span className={styles.word}>{word}</span>}
      <Elapsed from={from} to={isOver(stage) ? (ms(stage.completedAt) ?? from) : undefined} />
      {timingOf(stage, 0) && <Left stage={stage} />}
    </>
  )
}

function Left({ stage }: { stage: PipelineStage }) {
  const t = useTexts()
  const f = useFormats()
  const timing = timingOf(stage, useNow('second'))
  const w = t.deployment.pipeline
  return <span>{timing && timing.left > 0 ? w.left(f.duration(timing.left)) : w.ending}</span>
}

function Progress({ stage }: { stage: PipelineStage }) {
  const timing = timingOf(stage, useNow('second'))
  return (
    <span className={styles.progress} aria-hidden="true">
      <span style={{ transform: `scaleX(${timing?.done ?? 1})` }} />
    </span>
  )
}
