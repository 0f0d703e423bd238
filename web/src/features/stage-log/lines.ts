import { type LogBlock, LogSeverity } from '~/gen/model/model_pb'
import { hasAnsi, parseAnsi, plain, type Style, stripAnsi } from './ansi'

// Line is one line of a log. Its number is its place from 1 on and never
// changes, as logs only grow at their end.
export interface Line {
  readonly number: number
  readonly text: string // as shown, without escape sequences
  readonly raw: string // as written
  readonly shown: string // with its times as people read them
  readonly start: Style // in which it starts
  readonly severity: LogSeverity
  readonly at: number // ms
}

// Lines makes lines of blocks. Blocks that come are added to what is there; only
// a log that is another one, or was mended in the middle, is read anew.
export class Lines {
  private blocks: readonly LogBlock[] = []
  private made: Line[] = []
  private style: Style = plain
  private readonly timesIn: (text: string, at: number) => string

  // timesIn rewrites the times in a line that was written at a moment.
  constructor(timesIn: (text: string, at: number) => string = text => text) {
    this.timesIn = timesIn
  }

  // of returns the lines of the blocks: the same array when nothing was added.
  of(blocks: readonly LogBlock[]): readonly Line[] {
    if (blocks === this.blocks) return this.made
    const had = this.blocks.length
    const grown = had <= blocks.length && blocks[had - 1] === this.blocks[had - 1] && blocks[0] === this.blocks[0]
    this.blocks = blocks
    if (!grown) {
      this.style = plain
      this.made = this.read(blocks, 1)
      return this.made
    }
    const added = this.read(blocks.slice(had), this.made.length + 1)
    if (added.length > 0) this.made = this.made.concat(added)
    return this.made
  }

  private read(blocks: readonly LogBlock[], first: number): Line[] {
    const out: Line[] = []
    for (const b of blocks) {
      const at = Number(b.createdAt) * 1000
      for (const raw of b.log.replace(/\r?\n$/, '').split(/\r?\n/)) {
        const number = first + out.length
        const shown = this.timesIn(raw, at)
        out.push({ number, raw, shown, text: stripAnsi(shown), start: this.style, severity: b.severity, at })
        if (hasAnsi(raw)) this.style = parseAnsi(raw, this.style).end
      }
    }
    return out
  }
}

// Range is what ?line= names: "12" or "12-20".
export interface Range {
  readonly from: number
  readonly to: number
}

export function parseRange(text: string | undefined): Range | undefined {
  const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(text ?? '')
  if (!match) return undefined
  const a = Number(match[1])
  const b = match[2] === undefined ? a : Number(match[2])
  return a > 0 && b > 0 ? { from: Math.min(a, b), to: Math.max(a, b) } : undefined
}

export function rangeText({ from, to }: Range): string {
  return from === to ? String(from) : `${from}-${to}`
}

// lastError is the number of the last line that is an error.
export function lastError(blocks: readonly LogBlock[]): number | undefined {
  return new Lines().of(blocks).findLast(l => l.severity === LogSeverity.ERROR)?.number
}
