import { describe, expect, it } from 'vitest'
import { hasAnsi, parseAnsi, plain, type Style, stripAnsi } from './ansi'
import { coloursOf, contrast, grounds, lift } from './colour'

const esc = '\u001b'
const parse = (line: string, start?: Style) => parseAnsi(line, start).spans.map(s => [s.text, s.style])

describe('parsing colours', () => {
  it.each([
    [
      `a${esc}[31mb${esc}[0mc`,
      [
        ['a', {}],
        ['b', { fg: 1 }],
        ['c', {}],
      ],
    ],
    [`${esc}[1;32mok`, [['ok', { bold: true, fg: 2 }]]],
    [`${esc}[92;103mx`, [['x', { fg: 10, bg: 11 }]]],
    [`${esc}[38;5;208mx`, [['x', { fg: [255, 135, 0] }]]],
    [`${esc}[48;5;244mx`, [['x', { bg: [128, 128, 128] }]]],
    [`${esc}[38;2;1;2;3;4mx`, [['x', { fg: [1, 2, 3], underline: true }]]],
    [`${esc}[38:2::10:20:30mx`, [['x', { fg: [10, 20, 30] }]]],
    [`${esc}[38;5;999mx`, [['x', {}]]],
    [`${esc}[38;5mx`, [['x', {}]]],
    [`${esc}[31m${esc}[mx`, [['x', {}]]],
    [`a${esc}[2Kb${esc}]0;title\u0007c${esc}(Bd\re`, [['abcde', {}]]],
    [`a${esc}[31`, [['a', {}]]],
    ['<b>&amp;', [['<b>&amp;', {}]]],
    ['', []],
  ] as [string, unknown][])('%j', (line, want) => {
    expect(parse(line)).toEqual(want)
  })

  it('goes on over the end of a line', () => {
    const { end } = parseAnsi(`${esc}[1;33mwarn`)
    expect(end).toEqual({ bold: true, fg: 3 })
    expect(parse(`still${esc}[22m not bold`, end)).toEqual([
      ['still', { bold: true, fg: 3 }],
      [' not bold', { bold: false, dim: false, fg: 3 }],
    ])
    expect(parseAnsi('x', end).end).toBe(end)
    expect(parseAnsi('x').end).toBe(plain)
  })
})

// Pieces from which lines that no program writes are made.
const pieces = [
  esc,
  `${esc}[`,
  `${esc}]`,
  '[',
  'm',
  ';',
  ':',
  '38',
  '48',
  '5',
  '2',
  '31',
  '255',
  '999999999999',
  '-1',
  '?',
  ' ',
  'K',
  '\u009b',
  '\u0007',
  '\\',
  '\r',
  '\t',
  '\u0000',
  'text',
  '日本',
  '😀',
  '\ud83d',
  '<script>',
  `${esc}[38;5;`,
  `${esc}[38;2;1;`,
  `${esc}[0m`,
]

describe('any text', () => {
  it('is parsed without an error, and its pieces are the text without sequences', () => {
    let style: Style = plain
    for (let round = 0; round < 3000; round++) {
      const line = Array.from(
        { length: Math.floor(Math.random() * 14) },
        () => pieces[Math.floor(Math.random() * pieces.length)],
      ).join('')
      const { spans, end } = parseAnsi(line, style)
      const text = spans.map(s => s.text).join('')
      expect(text).toBe(stripAnsi(line))
      expect(hasAnsi(text)).toBe(false)
      expect([...text].every(c => c === '\t' || (c >= ' ' && !(c >= '\u007f' && c <= '\u009f')))).toBe(true)
      for (const theme of ['light', 'dark'] as const) for (const s of spans) coloursOf(s.style, theme)
      style = end
    }
  })
})

describe('colours', () => {
  const random = (): [number, number, number] => [0, 0, 0].map(() => Math.floor(Math.random() * 256)) as never

  it.each(['light', 'dark'] as const)('of any kind can be read in the %s theme', theme => {
    const styles: Style[] = Array.from(
      { length: 256 },
      (_, i) => parseAnsi(`${esc}[38;5;${i}mx`).spans[0]?.style ?? plain,
    )
    for (let i = 0; i < 600; i++)
      styles.push({ fg: random() }, { bg: random() }, { fg: random(), bg: random(), inverse: true })
    for (const style of styles) {
      const { fg, bg } = coloursOf(style, theme)
      if (fg) expect(contrast(fg, bg ?? grounds[theme]), JSON.stringify(style)).toBeGreaterThanOrEqual(4.5)
    }
  })

  it('that can be read stay as they are', () => {
    expect(lift([0, 0, 0], grounds.light)).toEqual([0, 0, 0])
    expect(lift([255, 255, 255], grounds.dark)).toEqual([255, 255, 255])
  })
})
