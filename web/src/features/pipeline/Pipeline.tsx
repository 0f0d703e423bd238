import { type ReactNode, useState } from 'react'
import { type PipelineStage, StageStatus } from '~/gen/model/model_pb'
import { useFormats, useTexts } from '~/i18n'
import { Banner, cx } from '~/kit'
import { mayAsk } from './facts'
import { inOrder, layoutOf } from './levels'
import styles from './pipeline.module.css'
import { RibbonCell, RibbonLegend } from './Ribbon'
import { StageNode } from './StageNode'
import { planOf, sharesOf } from './traffic'

interface Props {
  stages: readonly PipelineStage[]
  // Stages may still begin.
  open: boolean
  chosen: string | undefined
  // The address of the page with a stage chosen.
  hrefOf: (stage: string) => string
  onChoose: (stage: string) => void
  // What a person can do in a stage now: buttons, or how what they asked for fares.
  actionsOf: (stage: PipelineStage) => ReactNode
}

// Pipeline draws the stages in columns from left to right, what depends on
// nothing of each other one above the other, and under them how much of the
// traffic the new version gets: as planned and as it is.
export function Pipeline({ stages, open, chosen, hrefOf, onChoose, actionsOf }: Props) {
  const t = useTexts()
  const [room] = useState(open) // also when it is over, as long as one looks on
  const layout = layoutOf(stages)
  const order = inOrder(layout)
  const shares = sharesOf(stages)
  if (order.length === 0) return <p className={styles.none}>{t.deployment.pipeline.none}</p>
  const node = (s: PipelineStage) => (
    <StageNode
      key={s.id}
      stage={s}
      place={{ n: order.indexOf(s) + 1, of: order.length }}
      chosen={s.id === chosen}
      href={hrefOf(s.id)}
      onChoose={() => onChoose(s.id)}
      after={s.rollback ? layout.columns.flatMap(c => c.stages).find(x => x.id === layout.under)?.name : undefined}
      actions={actionsOf(s)}
      room={room && mayAsk(s)}
    />
  )
  const even = !layout.rollback && layout.columns.every(c => c.stages.length === 1)
  let before = 0
  return (
    <div className={styles.pipeline}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways, also by keys */}
      <div className={styles.scroll} tabIndex={0} role="group" aria-label={t.deployment.pipeline.title}>
        <ol className={styles.columns} style={{ '--columns': layout.columns.length } as never}>
          {layout.columns.map((column, i) => {
            const last = column.stages.at(-1)
            const rollback = column.stages.some(s => s.id === layout.under) ? layout.rollback : undefined
            const from = before
            const share = last && shares.get(last.id)
            before = share?.actual ?? share?.planned ?? before
            return (
              <li key={column.level} className={cx(styles.column, i > 0 && isReached(column.stages) && styles.reached)}>
                <div className={cx(styles.stack, even && styles.even)}>
                  {column.stages.map(node)}
                  {rollback && <div className={styles.rollback}>{node(rollback)}</div>}
                </div>
                {last && share && (
                  <RibbonCell
                    stage={last.name}
                    share={share}
                    before={from}
                    after={rollback && shares.get(rollback.id)}
                    now={last.status === StageStatus.STAGE_RUNNING}
                    plan={planOf(last, stages)}
                  />
                )}
              </li>
            )
          })}
        </ol>
      </div>
      <RibbonLegend stages={order} shares={shares} />
      <Mismatches stages={order} shares={shares} />
    </div>
  )
}

const isReached = (stages: readonly PipelineStage[]) =>
  stages.some(s => s.status !== StageStatus.STAGE_NOT_STARTED_YET && s.status !== StageStatus.STAGE_CANCELLED)

function Mismatches({ stages, shares }: { stages: readonly PipelineStage[]; shares: ReturnType<typeof sharesOf> }) {
  const t = useTexts()
  const f = useFormats()
  return stages.map(s => {
    const share = shares.get(s.id)
    if (!share?.mismatch) return null
    return (
      <Banner key={s.id} tone="warn">
        {t.deployment.pipeline.mismatch(s.name, f.percent(share.planned ?? 0), f.percent(share.actual ?? 0))}
      </Banner>
    )
  })
}
