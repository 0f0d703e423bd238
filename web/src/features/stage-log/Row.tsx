import { type MouseEvent, memo, type ReactNode } from 'react'
import { LogSeverity } from '~/gen/model/model_pb'
import { useFormats, useTexts } from '~/i18n'
import { cx } from '~/kit'
import { hasAnsi, parseAnsi, plain, type Span } from './ansi'
import { cssOf } from './colour'
import type { Line } from './lines'
import styles from './log.module.css'
import { type Hit, hitsIn } from './search'

interface Props {
  line: Line
  // When the stage began, to count from; undefined shows the time of day.
  since: number | undefined
  pattern: RegExp | undefined
  chosen: boolean
  current: boolean
  href: string
  onChoose: (line: number, extend: boolean) => void
}

// Row is one line: a bar for its severity, its number, which is a link, when,
// and the text.
export const Row = memo(function Row({ line, since, pattern, chosen, current, href, onChoose }: Props) {
  const t = useTexts()
  const f = useFormats()
  const press = (event: MouseEvent) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    onChoose(line.number, event.shiftKey)
  }
  const time = since === undefined ? f.time(line.at) : `+${f.duration(line.at - since)}`
  return (
    <div className={cx(styles.row, severity(line), chosen && styles.chosen, current && styles.current)}>
      <a href={href} className={styles.number} aria-label={t.deployment.log.line(String(line.number))} onClick={press}>
        {line.number}
      </a>
      <time
        className={styles.at}
        dateTime={new Date(line.at).toISOString()}
        title={`${f.dateTime(line.at)} (${f.zone})`}
      >
        {time}
      </time>
      <span className={styles.text}>
        {line.severity === LogSeverity.ERROR && <span className="sr-only">{t.deployment.log.error}: </span>}
        <Text line={line} pattern={pattern} />
      </span>
    </div>
  )
})

function severity(line: Line): string | undefined {
  if (line.severity === LogSeverity.ERROR) return styles.bad
  return line.severity === LogSeverity.SUCCESS ? styles.ok : undefined
}

function Text({ line, pattern }: { line: Line; pattern: RegExp | undefined }): ReactNode {
  const spans: readonly Span[] =
    hasAnsi(line.shown) || line.start !== plain
      ? parseAnsi(line.shown, line.start).spans
      : [{ text: line.text, style: plain }]
  const hits = hitsIn(line.text, pattern)
  let at = 0
  return spans.map(span => {
    const from = at
    at += span.text.length
    return <Piece key={from} span={span} from={from} hits={hits} />
  })
}

function Piece({ span, from, hits }: { span: Span; from: number; hits: readonly Hit[] }) {
  const content = hits.length === 0 ? span.text : marked(span.text, from, hits)
  return span.style === plain ? content : <span style={cssOf(span.style)}>{content}</span>
}

// marked cuts a piece of a line where the line's matches begin and end.
function marked(text: string, from: number, hits: readonly Hit[]): ReactNode[] {
  const out: ReactNode[] = []
  let at = 0
  for (const hit of hits) {
    const start = Math.max(at, hit.from - from)
    const end = Math.min(text.length, hit.to - from)
    if (start >= end) continue
    if (start > at) out.push(text.slice(at, start))
    out.push(
      <mark key={start} className={styles.hit}>
        {text.slice(start, end)}
      </mark>,
    )
    at = end
  }
  if (at < text.length) out.push(text.slice(at))
  return out
}
