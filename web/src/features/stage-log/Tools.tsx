import {
  ArrowDown,
  ArrowDownToLine,
  ArrowUp,
  Clock,
  Copy,
  Download,
  Ellipsis,
  Maximize2,
  Minimize2,
  Regex,
  Search as SearchIcon,
  TriangleAlert,
  WrapText,
} from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useRef } from 'react'
import type { PipelineStage } from '~/gen/model/model_pb'
import { useFormats, useTexts } from '~/i18n'
import { cx, IconButton, Menu, toast, useShortcut } from '~/kit'
import type { Line, Range } from './lines'
import styles from './log.module.css'
import type { Finding } from './StageLog'
import { changeSettings, useSettings } from './settings'

interface Props {
  stage: PipelineStage
  lines: readonly Line[] // that are shown
  all: readonly Line[]
  range: Range | undefined
  finding: Finding
  onFind: (step: 1 | -1) => void
  following: boolean
  onFollow: (on: boolean) => void
  errorsOnly: boolean
  onErrorsOnly: (on: boolean) => void
  full: boolean
  onFull: (full: boolean) => void
}

// Tools are what one does with a log: search, follow, read it otherwise, take it along.
export function Tools(props: Props) {
  const t = useTexts()
  const f = useFormats()
  const w = t.deployment.log
  const { wrap, sinceStart } = useSettings()
  return (
    <div className={styles.tools}>
      <span className={styles.count}>
        {w.lines(props.lines.length, f.number(props.lines.length))}
        {!sinceStart && props.lines[0] && (
          <span className={styles.zone} title={f.zone}>
            {w.zone(f.zoneName(props.lines[0].at))}
          </span>
        )}
      </span>
      <Find finding={props.finding} onFind={props.onFind} />
      <span className={styles.switches}>
        <Switch
          label={w.follow}
          on={props.following}
          onChange={props.onFollow}
          icon={<ArrowDownToLine size={16} aria-hidden="true" />}
        />
        <Switch
          label={w.errorsOnly}
          on={props.errorsOnly}
          onChange={props.onErrorsOnly}
          icon={<TriangleAlert size={16} aria-hidden="true" />}
        />
        <Switch
          label={w.wrap}
          on={wrap}
          onChange={on => changeSettings({ wrap: on })}
          icon={<WrapText size={16} aria-hidden="true" />}
        />
        <Switch
          label={w.sinceStart}
          on={sinceStart}
          onChange={on => changeSettings({ sinceStart: on })}
          icon={<Clock size={16} aria-hidden="true" />}
        />
        <Take {...props} />
        <IconButton
          label={props.full ? w.exitFull : w.full}
          icon={props.full ? <Minimize2 size={16} aria-hidden="true" /> : <Maximize2 size={16} aria-hidden="true" />}
          onClick={() => props.onFull(!props.full)}
        />
      </span>
    </div>
  )
}

interface SwitchProps {
  label: string
  icon: ReactNode
  on: boolean
  onChange: (on: boolean) => void
}

function Switch({ label, icon, on, onChange }: SwitchProps) {
  return (
    <IconButton
      label={label}
      icon={icon}
      aria-pressed={on}
      className={cx(on && styles.on)}
      onClick={() => onChange(!on)}
    />
  )
}

function Find({ finding, onFind }: { finding: Finding; onFind: (step: 1 | -1) => void }) {
  const t = useTexts()
  const f = useFormats()
  const w = t.deployment.log
  const input = useRef<HTMLInputElement>(null)
  const { query, found, current } = finding
  useShortcut({ keys: '/', label: w.search, group: 'page', run: () => input.current?.select() })
  const key = (event: KeyboardEvent) => {
    if (event.key === 'Enter') {
      event.preventDefault()
      onFind(event.shiftKey ? -1 : 1)
    }
    if (event.key === 'Escape') {
      finding.setQuery({ ...query, text: '' })
      input.current?.blur()
    }
  }
  const at = current === undefined ? 0 : found.findIndex(l => l.number === current) + 1
  return (
    <search className={cx(styles.find, finding.wrong && styles.wrong)}>
      <SearchIcon size={14} aria-hidden="true" />
      <input
        ref={input}
        type="text"
        inputMode="search"
        aria-label={w.search}
        aria-invalid={finding.wrong || undefined}
        placeholder={w.search}
        value={query.text}
        onChange={event => finding.setQuery({ ...query, text: event.target.value })}
        onKeyDown={key}
        autoComplete="off"
        spellCheck={false}
      />
      <span className={styles.found} role="status">
        {finding.wrong ? w.wrongRegex : query.text && w.found(at > 0 ? f.number(at) : '–', f.number(found.length))}
      </span>
      {query.text !== '' && (
        <>
          <IconButton
            label={w.previousMatch}
            icon={<ArrowUp size={14} aria-hidden="true" />}
            onClick={() => onFind(-1)}
          />
          <IconButton label={w.nextMatch} icon={<ArrowDown size={14} aria-hidden="true" />} onClick={() => onFind(1)} />
        </>
      )}
      <Switch
        label={w.regex}
        on={query.regex}
        onChange={regex => finding.setQuery({ ...query, regex })}
        icon={<Regex size={14} aria-hidden="true" />}
      />
    </search>
  )
}

function Take({ stage, lines, all, range }: Props) {
  const t = useTexts()
  const f = useFormats()
  const w = t.deployment.log
  const copy = async (of: readonly Line[]) => {
    const done = await navigator.clipboard.writeText(of.map(l => l.text).join('\n')).then(
      () => true,
      () => false,
    )
    if (done) toast('ok', 'check', w.copied(of.length, f.number(of.length)))
    else toast('bad', 'cross', w.copyFailed)
  }
  const chosen = range ? all.filter(l => l.number >= range.from && l.number <= range.to) : []
  return (
    <Menu
      label={w.more}
      align="end"
      items={[
        {
          id: 'copy',
          label: chosen.length > 0 ? w.copyRange : w.copy,
          icon: <Copy size={16} aria-hidden="true" />,
          onSelect: () => void copy(chosen.length > 0 ? chosen : lines),
        },
        {
          id: 'download',
          label: w.download,
          icon: <Download size={16} aria-hidden="true" />,
          onSelect: () => download(stage.name, all),
        },
      ]}
      trigger={p => <IconButton {...p} label={w.more} icon={<Ellipsis size={16} aria-hidden="true" />} />}
    />
  )
}

// download gives the log as it was written, colours and all.
function download(name: string, lines: readonly Line[]): void {
  const text = lines.map(l => `${new Date(l.at).toISOString()} ${l.raw}\n`).join('')
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${name}.log`
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 0)
}
