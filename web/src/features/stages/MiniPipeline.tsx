import type { Catalog } from '~/i18n'
import { useFormats, useTexts } from '~/i18n'
import { cx, Mark, stageState } from '~/kit'
import { currentStage, isRollback, progressOf, type StageGlance, ticksOf } from './glance'
import styles from './stages.module.css'

const inOneLine = 8
const tickWidth = 1.6

interface Props {
  stages: readonly StageGlance[]
  // Says below the ticks which stage is at work and how many are done.
  wordy?: boolean
}

// MiniPipeline shows a pipeline in one line: a tick for each stage, with its
// shape; the name and state of each are told when pointed at, and the whole is
// told to screen readers in one sentence.
export function MiniPipeline({ stages, wordy = false }: Props) {
  const t = useTexts()
  const f = useFormats()
  if (stages.length === 0) return null
  const current = currentStage(stages)
  const { done, all } = progressOf(stages)
  const count = t.application.stages.summary(f.number(done), f.number(all))
  const ticks = ticksOf(stages)
  const said = current ? `${current.name}: ${stageState(current.status, t, current.operation).word}. ${count}` : count
  return (
    <span className={cx(styles.mini, wordy && styles.wordy)}>
      <span
        className={styles.ticks}
        role="img"
        aria-label={`${t.application.stages.label}: ${said}`}
        // A usual pipeline stays in one line, also in a narrow table.
        style={{ minWidth: `${Math.min(ticks.length, inOneLine) * tickWidth}em` }}
      >
        {ticks.map(s =>
          'folded' in s ? (
            <span key={s.id} className={cx(styles.tick, styles.folded)}>
              +{f.number(s.folded)}
            </span>
          ) : (
            <Tick key={s.id} stage={s} t={t} />
          ),
        )}
      </span>
      {wordy && (
        <span className={styles.words} aria-hidden="true">
          {current && <code>{current.name}</code>}
          <span>{count}</span>
        </span>
      )}
    </span>
  )
}

function Tick({ stage, t }: { stage: StageGlance; t: Catalog }) {
  const state = stageState(stage.status, t, stage.operation, isRollback(stage))
  return (
    <span className={cx(styles.tick, styles[state.tone], styles[state.shape])} title={`${stage.name}: ${state.word}`}>
      <Mark shape={state.shape} tone={state.tone} />
    </span>
  )
}
