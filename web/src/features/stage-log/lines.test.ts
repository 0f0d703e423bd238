import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { LogBlockSchema, LogSeverity } from '~/gen/model/model_pb'
import { Lines, lastError, parseRange, rangeText } from './lines'
import { hitsIn, neighbour, patternOf, Search } from './search'

const esc = '\u001b'
const block = (index: number, log: string, severity = LogSeverity.INFO) =>
  create(LogBlockSchema, { index: BigInt(index), log, severity, createdAt: 1n })

describe('lines', () => {
  it('are numbered over blocks and carry their colour on', () => {
    const lines = new Lines().of([block(0, `${esc}[31mone\ntwo\n`), block(1, `three${esc}[0m`), block(2, 'four\r\n')])
    expect(lines.map(l => [l.number, l.text])).toEqual([
      [1, 'one'],
      [2, 'two'],
      [3, 'three'],
      [4, 'four'],
    ])
    expect(lines.map(l => l.start.fg)).toEqual([undefined, 1, 1, undefined])
  })

  it('are the same as read at once when blocks come one by one', () => {
    const blocks = Array.from({ length: 60 }, (_, i) =>
      block(i, i % 7 === 0 ? `${esc}[3${i % 8}m${i}\nx` : `line ${i}`),
    )
    const reader = new Lines()
    for (let i = 1; i <= blocks.length; i += 1 + (i % 3)) reader.of(blocks.slice(0, i))
    expect(reader.of(blocks)).toEqual(new Lines().of(blocks))
    expect(reader.of(blocks)).toBe(reader.of(blocks))
  })

  it('keep those that were there when more come', () => {
    const reader = new Lines()
    const [a, b] = [block(0, 'a'), block(1, 'b')]
    const first = reader.of([a])[0]
    expect(reader.of([a, b])[0]).toBe(first)
  })

  it('are read anew when a block comes late', () => {
    const reader = new Lines()
    const [a, b, c] = [block(0, 'a'), block(1, 'b'), block(2, 'c')]
    reader.of([a, c])
    expect(reader.of([a, b, c]).map(l => l.text)).toEqual(['a', 'b', 'c'])
  })

  it('show times as people read them, and keep what was written', () => {
    const [line] = new Lines((text, at) => text.replace('noon', `at ${at}`)).of([block(0, `${esc}[31mnoon${esc}[0m`)])
    expect(line?.text).toBe('at 1000')
    expect(line?.raw).toBe(`${esc}[31mnoon${esc}[0m`)
  })

  it('tell the last error', () => {
    expect(lastError([block(0, 'a\nb'), block(1, 'c', LogSeverity.ERROR), block(2, 'd')])).toBe(3)
    expect(lastError([block(0, 'a')])).toBeUndefined()
  })
})

describe('a range of lines', () => {
  it.each([
    ['12', { from: 12, to: 12 }],
    ['20-12', { from: 12, to: 20 }],
    ['0', undefined],
    ['-3', undefined],
    ['1-', undefined],
    ['x', undefined],
    [undefined, undefined],
  ])('%s', (text, want) => {
    expect(parseRange(text)).toEqual(want)
  })

  it('is written as it is read', () => {
    for (const text of ['3', '3-9']) expect(rangeText(parseRange(text) ?? { from: 0, to: 0 })).toBe(text)
  })
})

describe('searching', () => {
  const linesOf = (texts: string[]) => new Lines().of(texts.map((x, i) => block(i, x)))
  const all = linesOf(['alpha', 'beta (1)', 'Alphabet', 'gamma', 'ALPHA beta'])

  it('finds text as it is, in any case, and expressions', () => {
    const numbers = (text: string, regex = false) => new Search().find(all, { text, regex }).map(l => l.number)
    expect(numbers('alpha')).toEqual([1, 3, 5])
    expect(numbers('(1)')).toEqual([2])
    expect(numbers('^alpha$', true)).toEqual([1])
    expect(numbers('(', true)).toEqual([])
    expect(numbers('')).toEqual([])
  })

  it('finds the same step by step as at once, whatever is typed and whatever comes', () => {
    const words = ['a', 'al', 'alp', 'b', 'be', 'et', 'beta', 'm+', '[ab]', '', 'a']
    const search = new Search()
    for (let round = 0; round < 400; round++) {
      const n = 1 + (round % all.length)
      const query = { text: words[Math.floor(Math.random() * words.length)] ?? '', regex: Math.random() < 0.3 }
      expect(search.find(all.slice(0, n), query)).toEqual(new Search().find(all.slice(0, n), query))
    }
  })

  it('returns the same list when nothing changed', () => {
    const search = new Search()
    const found = search.find(all, { text: 'beta', regex: false })
    expect(search.find(all, { text: 'beta', regex: false })).toBe(found)
  })

  it('marks every place, and ends with patterns that match nothing', () => {
    expect(hitsIn('a-a', patternOf({ text: 'a', regex: false }))).toEqual([
      { from: 0, to: 1 },
      { from: 2, to: 3 },
    ])
    expect(hitsIn('aaa', patternOf({ text: 'x*', regex: true }))).toEqual([])
  })

  it('goes around', () => {
    expect(neighbour(all, 5, 1)?.number).toBe(1)
    expect(neighbour(all, 1, -1)?.number).toBe(5)
    expect(neighbour(all, 2, 1)?.number).toBe(3)
    expect(neighbour([], 2, 1)).toBeUndefined()
  })
})
