// A parser of the escape sequences that programs colour their output with. It
// gives plain text in pieces, never markup, so nothing in a log can become part
// of the page.

// Colour is an index of the terminal's 16 colours, or red, green and blue.
export type Colour = number | readonly [number, number, number]

export interface Style {
  readonly fg?: Colour | undefined
  readonly bg?: Colour | undefined
  readonly bold?: boolean
  readonly dim?: boolean
  readonly italic?: boolean
  readonly underline?: boolean
  readonly strike?: boolean
  readonly inverse?: boolean
}

export interface Span {
  readonly text: string
  readonly style: Style
}

export const plain: Style = {}

const esc = String.fromCharCode(27)
const bell = String.fromCharCode(7)
const char = (code: number) => `\\u${code.toString(16).padStart(4, '0')}`
const controls = `[${char(0)}-${char(8)}${char(11)}-${char(31)}${char(127)}-${char(159)}]`

// A control sequence, with its parameters and what it is; a title or a link; any
// other escape; a control character that is no tab and no new line.
const sequence = new RegExp(
  [
    `${esc}\\[([0-?]*)[ -/]*([@-~]|$)`,
    `${esc}\\][^${bell}${esc}]*(?:${bell}|${esc}\\\\|$)`,
    `${esc}[ -/]*[0-~]?`,
    controls,
  ].join('|'),
  'g',
)

export function hasAnsi(line: string): boolean {
  return line.includes(esc)
}

// stripAnsi returns the text alone.
export function stripAnsi(line: string): string {
  return line.replace(sequence, '')
}

// parseAnsi cuts a line into pieces of one style. A style goes on until it is
// changed, also over the end of a line: end is where the next line starts.
export function parseAnsi(line: string, start: Style = plain): { spans: readonly Span[]; end: Style } {
  const spans: Span[] = []
  let style = start
  let at = 0
  const add = (to: number) => {
    if (to <= at) return
    const text = line.slice(at, to)
    const last = spans.at(-1)
    if (last?.style === style) spans[spans.length - 1] = { text: last.text + text, style }
    else spans.push({ text, style })
  }
  for (const match of line.matchAll(sequence)) {
    add(match.index)
    at = match.index + match[0].length
    if (match[2] === 'm') style = select(style, match[1] ?? '')
  }
  add(line.length)
  return { spans, end: style }
}

// select follows a sequence such as "1;38;5;208".
function select(style: Style, parameters: string): Style {
  const codes = parameters.split(/[;:]/).map(p => (p === '' ? -1 : Number(p)))
  let next: Style = style
  for (let i = 0; i < codes.length; i++) {
    const code = Math.max(0, codes[i] ?? 0)
    if (code === 38 || code === 48) {
      const [colour, used] = extended(codes.slice(i + 1), parameters.includes(':'))
      if (colour !== undefined) next = code === 38 ? { ...next, fg: colour } : { ...next, bg: colour }
      i += used
    } else next = simple(next, code)
  }
  return next
}

function simple(s: Style, code: number): Style {
  if (code >= 30 && code <= 37) return { ...s, fg: code - 30 }
  if (code >= 90 && code <= 97) return { ...s, fg: code - 90 + 8 }
  if (code >= 40 && code <= 47) return { ...s, bg: code - 40 }
  if (code >= 100 && code <= 107) return { ...s, bg: code - 100 + 8 }
  switch (code) {
    case 0:
      return plain
    case 1:
      return { ...s, bold: true }
    case 2:
      return { ...s, dim: true }
    case 3:
      return { ...s, italic: true }
    case 4:
      return { ...s, underline: true }
    case 7:
      return { ...s, inverse: true }
    case 9:
      return { ...s, strike: true }
    case 22:
      return { ...s, bold: false, dim: false }
    case 23:
      return { ...s, italic: false }
    case 24:
      return { ...s, underline: false }
    case 27:
      return { ...s, inverse: false }
    case 29:
      return { ...s, strike: false }
    case 39:
      return { ...s, fg: undefined }
    case 49:
      return { ...s, bg: undefined }
    default:
      return s
  }
}

// extended reads one of the 256 colours or a true colour, and how many codes it took.
function extended(codes: readonly number[], colons: boolean): [Colour | undefined, number] {
  if (codes[0] === 5) return [indexed(codes[1]), 2]
  if (codes[0] !== 2) return [undefined, 1]
  // With colons there may be a colour space, mostly empty, before the values.
  const from = colons && codes.length >= 5 && codes[1] === -1 ? 2 : 1
  const [r, g, b] = codes.slice(from, from + 3)
  return valid(r) && valid(g) && valid(b) ? [[r, g, b], from + 3] : [undefined, from + 3]
}

function valid(n: number | undefined): n is number {
  return n !== undefined && n >= 0 && n <= 255
}

const steps = [0, 95, 135, 175, 215, 255]

function indexed(n: number | undefined): Colour | undefined {
  if (!valid(n)) return undefined
  if (n < 16) return n
  if (n >= 232) return [8 + (n - 232) * 10, 8 + (n - 232) * 10, 8 + (n - 232) * 10]
  const at = (divisor: number) => steps[Math.floor((n - 16) / divisor) % 6] ?? 0
  return [at(36), at(6), at(1)]
}
