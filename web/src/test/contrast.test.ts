import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

const css = readFileSync(path.resolve(import.meta.dirname, '../kit/tokens.css'), 'utf8')
const themes = ['light', 'dark'] as const

const tokens = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(m => [
    m[1],
    { light: m[2], dark: m[3] },
  ]),
)

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map(i => {
    const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: string, b: string, theme: (typeof themes)[number]): number {
  const [x = 0, y = 0] = [a, b].map(name => luminance(tokens.get(name)?.[theme] ?? '#000000')).sort((p, q) => q - p)
  return (x + 0.05) / (y + 0.05)
}

const texts = ['text', 'muted', 'faint', 'link', 'ok', 'bad', 'warn', 'run', 'idle', 'canary']
const grounds = ['bg', 'surface', 'raised', 'hover', 'sunken']
const pairs: [string, string, number][] = [
  ...texts.flatMap(t => grounds.map((g): [string, string, number] => [t, g, 4.5])),
  ['on-ink', 'ink', 4.5],
  ['on-ink', 'ink-hover', 4.5],
  ['on-fill', 'bad-fill', 4.5],
  ['text', 'chosen', 4.5],
  ['muted', 'chosen', 4.5],
  ...['surface', 'bg', 'raised'].flatMap(g => [
    ['edge', g, 3] as [string, string, number],
    ['focus', g, 3] as [string, string, number],
  ]),
]

describe.each(themes)('contrast in the %s theme', theme => {
  it.each(pairs)('%s on %s is at least %s', (a, b, least) => {
    expect(tokens.has(a) && tokens.has(b)).toBe(true)
    expect(contrast(a, b, theme)).toBeGreaterThanOrEqual(least)
  })
})
