import type { CSSProperties } from 'react'
import type { Colour, Style } from './ansi'

type Rgb = readonly [number, number, number]
type Theme = 'light' | 'dark'

// The terminal's 16 colours, in hues that go with the page's.
const palette: readonly Rgb[] = [
  [60, 68, 80],
  [205, 49, 59],
  [22, 128, 68],
  [150, 100, 10],
  [36, 104, 210],
  [128, 76, 200],
  [10, 125, 145],
  [190, 198, 208],
  [104, 114, 128],
  [240, 90, 98],
  [70, 190, 125],
  [225, 165, 55],
  [100, 155, 255],
  [175, 135, 250],
  [60, 190, 205],
  [240, 244, 248],
]

// The ground of the log, darkest and lightest of its rows: --sunken and --chosen.
export const grounds: Record<Theme, Rgb> = { light: [228, 233, 245], dark: [34, 43, 58] }
const texts: Record<Theme, Rgb> = { light: [22, 26, 32], dark: [231, 235, 241] }
const least = 4.5

export function luminance(c: Rgb): number {
  const [r, g, b] = c.map(v => {
    const x = v / 255
    return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

export function contrast(a: Rgb, b: Rgb): number {
  const [x, y] = [luminance(a), luminance(b)]
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05)
}

// lift moves a colour towards black or white, no further than needed to be read
// on the ground.
export function lift(c: Rgb, ground: Rgb): Rgb {
  if (contrast(c, ground) >= least) return c
  const white: Rgb = [255, 255, 255]
  const black: Rgb = [0, 0, 0]
  const to = contrast(white, ground) >= contrast(black, ground) ? white : black
  let low = 0
  let high = 1
  for (let i = 0; i < 12; i++) {
    const middle = (low + high) / 2
    if (contrast(mix(c, to, middle), ground) >= least) high = middle
    else low = middle
  }
  return mix(c, to, high)
}

// Rounded towards the end, so that rounding costs no contrast.
function mix(a: Rgb, b: Rgb, part: number): Rgb {
  return a.map((v, i) => {
    const end = b[i] ?? 0
    const x = v + (end - v) * part
    return end > v ? Math.ceil(x) : Math.floor(x)
  }) as unknown as Rgb
}

const rgb = (c: Colour): Rgb => (typeof c === 'number' ? (palette[c] ?? palette[7] ?? [0, 0, 0]) : c)
const css = (c: Rgb) => `rgb(${c.join(' ')})`
const cache = new Map<Style, CSSProperties>()
const cacheAtMost = 2000

// cssOf is how a style looks, the same in both themes but for what has to be lifted.
export function cssOf(style: Style): CSSProperties {
  const known = cache.get(style)
  if (known) return known
  if (cache.size > cacheAtMost) cache.clear()
  const made = make(style)
  cache.set(style, made)
  return made
}

function make(style: Style): CSSProperties {
  const out: CSSProperties = {}
  const { light, dark } = { light: coloursOf(style, 'light'), dark: coloursOf(style, 'dark') }
  if (light.fg && dark.fg) out.color = `light-dark(${css(light.fg)}, ${css(dark.fg)})`
  else if (style.dim) out.color = 'var(--muted)'
  if (light.bg && dark.bg) out.backgroundColor = `light-dark(${css(light.bg)}, ${css(dark.bg)})`
  if (style.bold) out.fontWeight = 650
  if (style.italic) out.fontStyle = 'italic'
  const lines = [style.underline && 'underline', style.strike && 'line-through'].filter(Boolean).join(' ')
  if (lines) out.textDecoration = lines
  return out
}

// coloursOf gives colours that can be read; a foreground is given whenever the
// ground is not the log's.
export function coloursOf(style: Style, theme: Theme): { fg?: Rgb; bg?: Rgb } {
  const [fg, bg] = style.inverse
    ? [style.bg === undefined ? grounds[theme] : rgb(style.bg), style.fg === undefined ? texts[theme] : rgb(style.fg)]
    : [style.fg === undefined ? undefined : rgb(style.fg), style.bg === undefined ? undefined : rgb(style.bg)]
  if (bg) return { fg: lift(fg ?? texts[theme], bg), bg }
  return fg ? { fg: lift(fg, grounds[theme]) } : {}
}
