import { describe, expect, it } from 'vitest'
import { parseSearch } from '~/kit/search'
import { applicationsSearch } from './applications.search'
import { localPath } from './login.search'

describe('where to go after login', () => {
  it.each([
    ['/deployments/1?stage=a#l1', '/deployments/1?stage=a#l1'],
    ['//evil.example/', undefined],
    ['/\\evil.example/', undefined],
    ['/a//b', '/a//b'],
    ['https://evil.example/', undefined],
    ['javascript:alert(1)', undefined],
    ['/login?return=/login', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s', (path, want) => {
    expect(localPath(path)).toBe(want)
  })

  it('is never another site, whatever is asked', () => {
    const alphabet = [...'/\\:@?#.ae%25\t\n']
    for (let i = 0; i < 2000; i++) {
      const path = `/${Array.from({ length: 6 }, () => alphabet[Math.floor(Math.random() * alphabet.length)]).join('')}evil.example`
      const result = localPath(path)
      if (result !== undefined) expect(new URL(result, 'https://here.example').host, path).toBe('here.example')
    }
  })
})

describe('the application list', () => {
  it('understands a link of PipeCD', () => {
    const search = applicationsSearch(
      parseSearch('?kind=5&syncStatus=3&activeStatus=enabled&labels[]=team:a&page=2&unknown=x'),
    )
    expect(search).toEqual({
      kind: 'ECS',
      syncStatus: 'OUT_OF_SYNC',
      activeStatus: 'enabled',
      labels: ['team:a'],
      page: '2',
    })
  })
})
