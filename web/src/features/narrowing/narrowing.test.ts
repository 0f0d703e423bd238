import { describe, expect, it } from 'vitest'
import { labelOf, labelsOf, withLabel } from './labels'
import { changed } from './narrow'

describe('a label', () => {
  it.each([
    ['team:a', { key: 'team', value: 'a' }],
    [' team : a b ', { key: 'team', value: 'a b' }],
    ['url:http://x', { key: 'url', value: 'http://x' }],
    ['team', undefined],
    [':a', undefined],
    ['team: ', undefined],
    ['', undefined],
  ])('is read from %j', (text, want) => {
    expect(labelOf(text)).toEqual(want)
  })

  it('takes the place of another value', () => {
    expect(withLabel(['team:a', 'env:prod'], { key: 'team', value: 'b' })).toEqual(['env:prod', 'team:b'])
  })

  it('is asked for when it is one', () => {
    expect(labelsOf(['a:1', 'nonsense', 'b:2:3'])).toEqual({ a: '1', b: '2:3' })
    expect(labelsOf(undefined)).toEqual({})
  })
})

describe('a filter', () => {
  it('leaves out what is empty', () => {
    const filter: { name?: string; labels?: string[] } = { name: 'x', labels: ['a:1'] }
    expect(changed(filter, 'name', 'y')).toEqual({ name: 'y', labels: ['a:1'] })
    expect(changed(filter, 'name', '')).toEqual({ labels: ['a:1'] })
    expect(changed(filter, 'labels', [])).toEqual({ name: 'x' })
  })
})
