import { useVirtualizer } from '@tanstack/react-virtual'
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef } from 'react'
import { cx } from '~/kit'
import type { Line, Range } from './lines'
import styles from './log.module.css'
import { Row } from './Row'
import { useFollow } from './useFollow'

const rowHeight = 24

// Handle is what the tools around the rows do with them.
export interface Handle {
  // Brings a line into view, in the middle.
  show(number: number): void
  turn(follow: boolean): void
}

export interface Following {
  on: boolean
  fresh: number
}

interface Props {
  label: string
  lines: readonly Line[]
  wrap: boolean
  since: number | undefined
  pattern: RegExp | undefined
  range: Range | undefined
  current: number | undefined
  follow: boolean // at first
  onTurn: (on: boolean) => void
  handle: RefObject<Handle | undefined>
  hrefOf: (line: number) => string
  onChoose: (line: number, extend: boolean) => void
  onFollowing: (now: Following) => void
}

// Rows shows the lines that are in view. Lines that come never move what is
// looked at, unless the end is followed.
export function Rows(props: Props) {
  const { lines, wrap, range, handle, onFollowing } = props
  const box = useRef<HTMLDivElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: lines that wrap otherwise are measured anew
  const keyOf = useCallback((i: number) => lines[i]?.number ?? i, [lines, wrap])
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    getItemKey: keyOf,
    overscan: 16,
  })
  const size = rows.getTotalSize()
  const follow = useFollow(box, lines.length, size, props.follow, props.onTurn)

  useEffect(() => {
    onFollowing({ on: follow.on, fresh: follow.fresh })
  }, [follow.on, follow.fresh, onFollowing])

  const show = (number: number) => {
    const at = lines.findIndex(l => l.number >= number)
    if (at < 0) return
    follow.turn(false)
    rows.scrollToIndex(at, { align: 'center' })
  }
  useLayoutEffect(() => {
    handle.current = { show, turn: follow.turn }
  })

  // A link to a line leads there once, as soon as the line has come.
  const led = useRef('')
  const target = range ? `${range.from}-${range.to}` : ''
  const there = range !== undefined && (lines.at(-1)?.number ?? 0) >= range.from
  useEffect(() => {
    if (target === led.current) return
    if (!target) led.current = ''
    if (!there) return
    led.current = target
    const number = Number(target.split('-')[0])
    if (!isInView(box.current, number)) handle.current?.show(number)
    else handle.current?.turn(false)
  }, [target, there, handle])

  return (
    <div
      ref={box}
      role="log"
      aria-live="off"
      aria-label={props.label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keys
      tabIndex={0}
      className={cx(styles.box, wrap && styles.wrapped)}
      onScroll={follow.onScroll}
    >
      <div className={styles.all} style={{ height: size }}>
        {rows.getVirtualItems().map(item => {
          const line = lines[item.index]
          return (
            line && (
              <div
                key={item.key}
                ref={wrap ? rows.measureElement : undefined}
                data-index={item.index}
                data-line={line.number}
                className={styles.slot}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <Row
                  line={line}
                  since={props.since}
                  pattern={props.pattern}
                  chosen={range !== undefined && line.number >= range.from && line.number <= range.to}
                  current={line.number === props.current}
                  href={props.hrefOf(line.number)}
                  onChoose={props.onChoose}
                />
              </div>
            )
          )
        })}
      </div>
    </div>
  )
}

function isInView(box: HTMLElement | null, number: number): boolean {
  const row = box?.querySelector(`[data-line="${number}"]`)
  if (!box || !row) return false
  const [a, b] = [box.getBoundingClientRect(), row.getBoundingClientRect()]
  return b.top >= a.top && b.bottom <= a.bottom
}
