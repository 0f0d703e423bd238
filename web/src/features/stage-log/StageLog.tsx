import { ArrowDownToLine } from 'lucide-react'
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react'
import { type LiveLog, useStageLog } from '~/api'
import { LogSeverity, type PipelineStage, StageStatus } from '~/gen/model/model_pb'
import { localTimes, useFormats, useTexts } from '~/i18n'
import { Button, ErrorPanel, useShortcut } from '~/kit'
import { type Line, Lines, parseRange, type Range, rangeText } from './lines'
import styles from './log.module.css'
import { type Following, type Handle, Rows } from './Rows'
import { neighbour, patternOf, type Query, Search } from './search'
import { useSettings } from './settings'
import { Tools } from './Tools'

export interface LogPlace {
  readonly line?: string | undefined
  readonly q?: string | undefined
}

export interface StageLogProps {
  deploymentId: string
  stage: PipelineStage
  start: number | undefined
  place: LogPlace
  full: boolean
  // Follow also a log that is at its end, because another will come.
  follow: boolean
  // A person turned following on or off.
  onFollow: (on: boolean) => void
  hrefOf: (place: LogPlace) => string
  onPlace: (place: LogPlace) => void
  onFull: (full: boolean) => void
}

// StageLog is the log of a stage that has begun.
export function StageLog(props: StageLogProps) {
  const { deploymentId, stage } = props
  const log = useStageLog({ deploymentId, stageId: stage.id, retriedCount: stage.retriedCount })
  const f = useFormats()
  const reader = useMemo(() => new Lines((text, at) => localTimes(text, at, f)), [f])
  const lines = reader.of(log.blocks)
  return (
    <>
      {log.error ? <ErrorPanel error={log.error} onRetry={log.retry} /> : null}
      <View {...props} log={log} lines={lines} />
    </>
  )
}

function View({
  log,
  lines,
  stage,
  start,
  place,
  full,
  follow,
  onFollow,
  hrefOf,
  onPlace,
  onFull,
}: StageLogProps & { log: LiveLog; lines: readonly Line[] }) {
  const t = useTexts()
  const f = useFormats()
  const w = t.deployment.log
  const settings = useSettings()
  const [errorsOnly, setErrorsOnly] = useState(false)
  const shown = errorsOnly ? lines.filter(l => l.severity === LogSeverity.ERROR) : lines
  const finding = useFinding(shown, place, onPlace)
  const range = parseRange(place.line)
  const handle = useRef<Handle>(undefined)
  const [following, setFollowing] = useState<Following>({ on: follow && !range, fresh: 0 })
  const choose = useChoose(range, onPlace)

  const find = (step: 1 | -1) => {
    const line = neighbour(finding.found, finding.current ?? (step > 0 ? 0 : Number.MAX_SAFE_INTEGER), step)
    if (!line) return
    finding.setCurrent(line.number)
    handle.current?.show(line.number)
  }
  const turn = (on: boolean) => handle.current?.turn(on)
  useShortcut({ keys: 'f', label: w.follow, group: 'page', run: () => turn(!following.on) })
  useShortcut({ keys: 'n', label: w.nextMatch, group: 'page', run: () => find(1) })
  useShortcut({ keys: 'N', label: w.previousMatch, group: 'page', run: () => find(-1) })

  return (
    <>
      <Tools
        stage={stage}
        lines={shown}
        all={lines}
        range={range}
        finding={finding}
        onFind={find}
        following={following.on}
        onFollow={turn}
        errorsOnly={errorsOnly}
        onErrorsOnly={setErrorsOnly}
        full={full}
        onFull={onFull}
      />
      <div className={styles.body}>
        {shown.length === 0 ? (
          <p className={styles.nothing}>{emptyText(log, errorsOnly, t.deployment.log)}</p>
        ) : (
          <Rows
            key={errorsOnly ? 'errors' : 'all'}
            label={w.of(stage.name)}
            lines={shown}
            wrap={settings.wrap}
            since={settings.sinceStart ? start : undefined}
            pattern={finding.pattern}
            range={range}
            current={finding.current}
            follow={!range && (follow || !log.completed || stage.status === StageStatus.STAGE_FAILURE)}
            onTurn={onFollow}
            handle={handle}
            hrefOf={n => hrefOf({ ...place, line: String(n) })}
            onChoose={choose}
            onFollowing={setFollowing}
          />
        )}
        {following.fresh > 0 && (
          <Button className={styles.fresh} onClick={() => turn(true)}>
            {w.fresh(following.fresh, f.number(following.fresh))}
            <ArrowDownToLine size={14} aria-hidden="true" />
          </Button>
        )}
      </div>
    </>
  )
}

function emptyText(log: LiveLog, errorsOnly: boolean, w: ReturnType<typeof useTexts>['deployment']['log']): string {
  if (log.blocks.length > 0) return errorsOnly ? w.noErrors : w.emptyDone
  return log.completed ? w.emptyDone : w.empty
}

// useChoose makes a line, or with Shift a range, part of the address.
function useChoose(range: Range | undefined, onPlace: (place: LogPlace) => void) {
  const latest = useRef({ range, onPlace })
  useEffect(() => {
    latest.current = { range, onPlace }
  })
  return useCallback((line: number, extend: boolean) => {
    const { range: before, onPlace: go } = latest.current
    if (before && !extend && before.from === line && before.to === line) return go({ line: undefined })
    const from = extend && before ? Math.min(before.from, line) : line
    const to = extend && before ? Math.max(before.from, line) : line
    go({ line: rangeText({ from, to }) })
  }, [])
}

export interface Finding {
  readonly query: Query
  readonly wrong: boolean
  readonly pattern: RegExp | undefined
  readonly found: readonly Line[]
  readonly current: number | undefined // the line one is at
  setQuery(query: Query): void
  setCurrent(line: number | undefined): void
}

const addressAfter = 400 // ms after the last key

// useFinding searches while one types, a little behind, and keeps the text in
// the address.
function useFinding(lines: readonly Line[], place: LogPlace, onPlace: (place: LogPlace) => void): Finding {
  const [query, setQuery] = useState<Query>({ text: place.q ?? '', regex: false })
  const [current, setCurrent] = useState<number | undefined>()
  const [search] = useState(() => new Search())
  const later = useDeferredValue(query)
  const found = search.find(lines, later)
  const go = useRef(onPlace)
  useEffect(() => {
    go.current = onPlace
  })
  useEffect(() => {
    if ((place.q ?? '') === query.text) return
    const timer = setTimeout(() => go.current({ q: query.text || undefined }), addressAfter)
    return () => clearTimeout(timer)
  }, [query.text, place.q])
  const pattern = patternOf(later)
  return {
    query,
    wrong: query.text !== '' && patternOf(query) === undefined,
    pattern: usePattern(later, pattern),
    found,
    current: found.some(l => l.number === current) ? current : undefined,
    setQuery: next => {
      setQuery(next)
      setCurrent(undefined)
    },
    setCurrent,
  }
}

// usePattern keeps the same pattern while the query is the same, so that rows
// are not drawn again.
function usePattern(query: Query, pattern: RegExp | undefined): RegExp | undefined {
  const [kept, setKept] = useState({ query, pattern })
  if (kept.query === query) return kept.pattern
  setKept({ query, pattern })
  return pattern
}
