import { describe, expect, it } from 'vitest'
import { ApplicationSyncStatus } from '~/gen/model/model_pb'
import { enumName, oneOf, parseSearch, stringifySearch, text, texts } from './search'

describe('the address', () => {
  it('has lists as PipeCD writes them', () => {
    expect(stringifySearch({ labels: ['team:payments', 'env:prod'], name: 'a b&c' })).toBe(
      '?labels[]=team:payments&labels[]=env:prod&name=a+b%26c',
    )
    expect(parseSearch('?labels[]=team:payments&labels%5B%5D=env:prod')).toEqual({
      labels: ['team:payments', 'env:prod'],
    })
  })

  it('leaves out what is not set', () => {
    expect(stringifySearch({ a: undefined, b: '', c: false, d: [] })).toBe('')
  })

  it('comes back as it went, whatever the text', () => {
    const alphabet = 'aあ &=?#[]%+:/"\\\u{1f680}\n'
    const word = () =>
      Array.from(
        { length: 1 + Math.floor(Math.random() * 6) },
        () => [...alphabet][Math.floor(Math.random() * 16)],
      ).join('')
    for (let i = 0; i < 500; i++) {
      const search = { name: word(), labels: [word(), word()] }
      expect(parseSearch(stringifySearch(search))).toEqual(search)
    }
  })
})

describe('parameters', () => {
  it.each([
    ['3', 'OUT_OF_SYNC'],
    ['out_of_sync', 'OUT_OF_SYNC'],
    ['OUT_OF_SYNC', 'OUT_OF_SYNC'],
    ['0', 'UNKNOWN'],
    ['99', undefined],
    ['toString', undefined],
    ['', undefined],
  ])('an enum from %s', (value, want) => {
    expect(enumName({ s: value }, 's', ApplicationSyncStatus)).toBe(want)
  })

  it('are left out when they are not what is expected', () => {
    expect(text({ a: ['x'] }, 'a')).toBeUndefined()
    expect(texts({ a: 'x' }, 'a')).toEqual(['x'])
    expect(texts({ a: ['x', 'x', ''] }, 'a')).toEqual(['x'])
    expect(oneOf({ a: 'c' }, 'a', ['a', 'b'])).toBeUndefined()
  })
})
