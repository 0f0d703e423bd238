import type { Line } from './lines'

export interface Query {
  readonly text: string
  readonly regex: boolean
}

// Search finds the lines that match, and only looks at what it has not seen:
// new lines are added to the hits, and a longer text narrows them.
export class Search {
  private query: Query = { text: '', regex: false }
  private lines: readonly Line[] = []
  private found: readonly Line[] = []
  private seen = 0

  // find returns the lines that match, in order; the same array when nothing changed.
  find(lines: readonly Line[], query: Query): readonly Line[] {
    const test = testerOf(query)
    const grown = this.seen === 0 || lines[this.seen - 1] === this.lines[this.seen - 1]
    if (!test) {
      this.reset(query, lines)
      return this.found
    }
    if (!grown || !same(query, this.query)) {
      const narrower =
        grown && !query.regex && !this.query.regex && this.query.text !== '' && isWithin(query, this.query)
      const kept: readonly Line[] = narrower ? this.found.filter(l => test(l.text)) : []
      const from = narrower ? this.seen : 0
      this.reset(query, lines)
      this.found = kept
      this.seen = from
    }
    const added = lines.slice(this.seen).filter(l => test(l.text))
    if (added.length > 0) this.found = this.found.concat(added)
    this.lines = lines
    this.seen = lines.length
    return this.found
  }

  private reset(query: Query, lines: readonly Line[]): void {
    this.query = query
    this.lines = lines
    this.found = []
    this.seen = 0
  }
}

const same = (a: Query, b: Query) => a.text === b.text && a.regex === b.regex
const isWithin = (longer: Query, shorter: Query) => longer.text.toLowerCase().includes(shorter.text.toLowerCase())

// patternOf is the query as a pattern; undefined for an empty or a wrong one.
export function patternOf(query: Query): RegExp | undefined {
  if (query.text === '') return undefined
  try {
    return new RegExp(query.regex ? query.text : query.text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi')
  } catch {
    return undefined
  }
}

function testerOf(query: Query): ((text: string) => boolean) | undefined {
  const pattern = patternOf(query)
  if (!pattern) return undefined
  return text => {
    pattern.lastIndex = 0
    return pattern.test(text)
  }
}

export interface Hit {
  readonly from: number
  readonly to: number
}

const hitsAtMost = 200

// hitsIn says where in a text the pattern matches.
export function hitsIn(text: string, pattern: RegExp | undefined): readonly Hit[] {
  const hits: Hit[] = []
  if (!pattern) return hits
  for (const m of text.matchAll(pattern)) {
    if (m[0] !== '') hits.push({ from: m.index, to: m.index + m[0].length })
    if (hits.length >= hitsAtMost) break
  }
  return hits
}

// neighbour is the next or previous matching line from a line on, around the end.
export function neighbour(found: readonly Line[], from: number, step: 1 | -1): Line | undefined {
  if (step > 0) return found.find(l => l.number > from) ?? found[0]
  return found.findLast(l => l.number < from) ?? found.at(-1)
}
