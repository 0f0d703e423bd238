import type { CSSProperties } from 'react'
import type { PipelineStage } from '~/gen/model/model_pb'
import { useFormats, useTexts } from '~/i18n'
import { cx } from '~/kit'
import styles from './pipeline.module.css'
import type { Plan, Share } from './traffic'

interface CellProps {
  stage: string
  share: Share
  // The share with which the stage began.
  before: number
  // What a rollback under the stage made of it.
  after: Share | undefined
  now: boolean
  plan: Plan
}

// RibbonCell is one stage's part of the ribbon: hatched what is planned, solid
// what is.
export function RibbonCell({ stage, share, before, after, now, plan }: CellProps) {
  const t = useTexts()
  const f = useFormats()
  const w = t.deployment.pipeline
  const percent = (n: number | undefined) => (n === undefined ? '' : f.percent(n))
  if (plan === 'never')
    return (
      <div className={cx(styles.cell, styles.never)}>
        <span className="sr-only">
          {w.traffic}, {stage}: {w.neverRan}
        </span>
      </div>
    )
  const undone = after?.actual
  const shown = percent(share.actual ?? share.planned)
  const both = share.actual !== undefined && share.planned !== undefined && share.actual !== share.planned
  return (
    <div className={cx(styles.cell, share.mismatch && styles.mismatch, now && styles.now)}>
      {plan === 'hatched' && (
        <span className={styles.planned} style={shape(before, share.planned ?? before)} aria-hidden="true" />
      )}
      {share.actual !== undefined && (
        <span className={styles.actual} style={shape(before, share.actual, undone)} aria-hidden="true" />
      )}
      <span
        className={styles.share}
        title={both ? w.shareBoth(percent(share.planned), percent(share.actual)) : undefined}
      >
        <span className="sr-only">
          {w.traffic}, {stage}:{' '}
        </span>
        {share.actual === undefined ? <span className="sr-only">{w.sharePlanned('')}</span> : null}
        {shown}
        {undone !== undefined && undone !== share.actual && <> → {percent(undone)}</>}
        {both && share.mismatch && <s className={styles.was}>{percent(share.planned)}</s>}
      </span>
    </div>
  )
}

// shape gives the polygon its corners, in percent; the style sheet turns it for
// narrow pages.
function shape(from: number, to: number, end = to): CSSProperties {
  return { '--from': from, '--to': to, '--end': end } as CSSProperties
}

interface LegendProps {
  stages: readonly PipelineStage[]
  shares: ReadonlyMap<string, Share>
}

// RibbonLegend says what the ribbon shows, and the same as a table.
export function RibbonLegend({ stages, shares }: LegendProps) {
  const t = useTexts()
  const f = useFormats()
  const w = t.deployment.pipeline
  const percent = (n: number | undefined) => (n === undefined ? '–' : f.percent(n))
  return (
    <details className={styles.legend}>
      <summary>
        <span>{w.traffic}</span>
        <span className={styles.key}>
          <span className={cx(styles.swatch, styles.hatch)} /> {w.planned}
        </span>
        <span className={styles.key}>
          <span className={cx(styles.swatch, styles.solid)} /> {w.actual}
        </span>
        <span className={styles.asTable}>{w.asTable}</span>
      </summary>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{w.tableStage}</th>
            <th scope="col">{w.tablePlanned}</th>
            <th scope="col">{w.tableActual}</th>
            <th scope="col">{w.tableSource}</th>
          </tr>
        </thead>
        <tbody>
          {stages.map(s => {
            const share = shares.get(s.id)
            return (
              <tr key={s.id}>
                <th scope="row">{s.name}</th>
                <td>{percent(share?.planned)}</td>
                <td>{percent(share?.actual)}</td>
                <td>{share?.actual === undefined ? '–' : share.observed ? w.observed : w.given}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </details>
  )
}
