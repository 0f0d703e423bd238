import { describe, expect, it } from 'vitest'
import { chooseLocale } from './catalog'
import { en } from './en'
import { newFormats, splitDuration, tagOf } from './format'
import { ja } from './ja'
import { localTimes, piecesOf } from './stamps'

function walk(a: unknown, b: unknown, at: string, visit: (at: string, a: unknown, b: unknown) => void): void {
  if (typeof a !== 'object' || a === null) return visit(at, a, b)
  expect(Object.keys(b as object).sort(), at).toEqual(Object.keys(a).sort())
  for (const [k, v] of Object.entries(a)) walk(v, (b as Record<string, unknown>)[k], `${at}.${k}`, visit)
}

describe('catalogues', () => {
  it('have the same texts, none empty', () => {
    walk(en, ja, '', (at, e, j) => {
      expect(typeof j, at).toBe(typeof e)
      if (typeof e === 'string') {
        expect(e.trim(), at).not.toBe('')
        expect(String(j).trim(), at).not.toBe('')
      }
    })
  })

  it('say every argument in both languages', () => {
    walk(en, ja, '', (at, e, j) => {
      if (typeof e !== 'function' || typeof j !== 'function') return
      const names = Array.from({ length: e.length }, (_, i) => `«${i}»`)
      const said = (f: (...a: string[]) => string) => names.filter(n => f(...names).includes(n))
      // What English does not say (a count that only chooses a form), another need not.
      for (const n of said(e as never)) expect(said(j as never), at).toContain(n)
    })
  })

  it('use full Japanese punctuation', () => {
    walk(en, ja, '', (at, _, j) => {
      if (typeof j === 'string' && /[ぁ-ん]/.test(j)) expect(j, at).not.toMatch(/[ぁ-んァ-ヶ一-龠](\. |\.$|, )/)
    })
  })
})

describe('the language', () => {
  it.each([
    ['ja', ['en-US'], 'ja'],
    [null, ['ja-JP', 'en'], 'ja'],
    [null, ['fr', 'ja'], 'ja'],
    [null, ['fr'], 'en'],
    ['fr', [], 'en'],
    [null, [], 'en'],
  ] as const)('chosen %s, wanted %s: %s', (chosen, wanted, want) => {
    expect(chooseLocale(chosen, wanted)).toBe(want)
  })
})

describe('formats', () => {
  const e = newFormats('en', 'Asia/Tokyo')
  const j = newFormats('ja', 'Asia/Tokyo')
  const at = Date.UTC(2026, 10, 24, 6, 7, 8)

  it.each([
    [0, '0 s', '0秒'],
    [999, '0 s', '0秒'],
    [59_000, '59 s', '59秒'],
    [250_000, '4 m 10 s', '4分 10秒'],
    [3_600_000, '1 h', '1時間'],
    [90_061_000, '1 d 1 h', '1日 1時間'],
    [86_400_000 + 60_000, '1 d', '1日'],
    [-5, '0 s', '0秒'],
    [Number.NaN, '0 s', '0秒'],
  ])('a duration of %s ms', (ms, english, japanese) => {
    expect(e.duration(ms)).toBe(english)
    expect(j.duration(ms)).toBe(japanese)
  })

  it('splits every duration without loss', () => {
    for (let i = 0; i < 500; i++) {
      const s = Math.floor(Math.random() * 1e7)
      const [d, h, m, rest] = splitDuration(s * 1000)
      expect(d * 86400 + h * 3600 + m * 60 + rest).toBe(s)
      expect(h < 24 && m < 60 && rest < 60).toBe(true)
    }
  })

  it.each([
    [0, 'now', '今'],
    [5_000, 'now', '今'], // a clock that is a little ahead
    [-30_000, '30 sec. ago', '30 秒前'],
    [-300_000, '5 min. ago', '5 分前'],
    [-7_200_000, '2 hr. ago', '2 時間前'],
    [-86_400_000, 'yesterday', '昨日'],
    [60_000, 'in 1 min.', '1 分後'],
  ])('%s ms away', (away, english, japanese) => {
    expect(e.relative(at + away, at)).toBe(english)
    expect(j.relative(at + away, at)).toBe(japanese)
  })

  it('gives exact times with the zone', () => {
    expect(e.dateTime(at)).toMatch(/15:07:08.*GMT\+9|15:07:08.*JST/)
    expect(j.dateTime(at)).toMatch(/15:07:08/)
    expect(e.zone).toBe('Asia/Tokyo')
  })

  it('are those of the region that the browser names', () => {
    const tag = tagOf('en', ['de-DE', 'en-GB', 'en-US'])
    expect(newFormats('en', 'Asia/Tokyo', tag).day(at)).toBe('Tue, 24 Nov 2026')
    expect(e.day(at)).toBe('Tue, Nov 24, 2026')
    expect(tagOf('en', ['ja-JP'])).toBe('en')
    expect(tagOf('ja', ['en-GB', 'ja-JP'])).toBe('ja-JP')
  })

  it('name the zone of a day in short', () => {
    expect(e.zoneName(at)).toBe('GMT+9')
    expect(j.zoneName(at)).toBe('JST')
    expect(newFormats('en', 'UTC').zoneName(at)).toBe('UTC')
  })
})

describe('times in a text', () => {
  const f = newFormats('en', 'Asia/Tokyo')
  const at = Date.UTC(2026, 10, 30, 21, 47, 38)

  it('are found as programs write them', () => {
    expect(piecesOf('from 2026-11-30T21:47:34Z to 2026-12-01T06:47:36.4+09:00.')).toEqual([
      'from ',
      Date.UTC(2026, 10, 30, 21, 47, 34),
      ' to ',
      Date.UTC(2026, 10, 30, 21, 47, 36, 400),
      '.',
    ])
  })

  it('are shown in the zone of the reader, with the day when it is another', () => {
    expect(localTimes('33.3 at 2026-11-30T21:47:35Z', at, f)).toBe('33.3 at 06:47:35')
    expect(localTimes('until 2026-12-02T21:00:00Z', at, f)).toMatch(/^until Dec 3, 2026, 06:00:00 GMT\+9$/)
  })

  it.each(['at 21:47:35 UTC', 'v2026-11-30T1', '2026-13-45T99:99:99Z', ''])('are not seen in %j', text => {
    expect(localTimes(text, at, f)).toBe(text)
  })
})
