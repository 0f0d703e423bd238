import { describe, expect, it } from 'vitest'
import { commitOf, problemsOf } from './problems'
import { filePath, isRoot } from './view'

describe('problems', () => {
  it('are read with file, line, column, field, message and hint', () => {
    const line =
      'services/web/app.pipecd.yaml:24:18: spec.pipeline.stages[0].with.scale: expected 1 to 100 percent, found 300 (write a number (1 to 100))'
    expect(problemsOf(line)).toEqual([
      {
        file: 'services/web/app.pipecd.yaml',
        line: 24,
        column: 18,
        field: 'spec.pipeline.stages[0].with.scale',
        message: 'expected 1 to 100 percent, found 300',
        hint: 'write a number (1 to 100)',
      },
    ])
  })

  it('are one for each line', () => {
    const all = problemsOf('app.pipecd.yaml:1:1: spec: missing\n\napp.pipecd.yaml:2:3: kind: unknown\n')
    expect(all.map(p => [p.line, p.field, p.message])).toEqual([
      [1, 'spec', 'missing'],
      [2, 'kind', 'unknown'],
    ])
  })

  it('may be about a whole file', () => {
    expect(problemsOf('taskdef.yaml: the file does not exist')[0]).toMatchObject({
      file: 'taskdef.yaml',
      line: undefined,
      field: '',
      message: 'the file does not exist',
    })
  })

  it.each([
    'read the repository: connection refused',
    'Something: that: is not a place',
    'the file has no applications (yet',
  ])('keep what is not of that form: %s', text => {
    expect(problemsOf(text)).toEqual([
      { file: '', line: undefined, column: undefined, field: '', message: text, hint: '' },
    ])
  })

  it('stay quick with hostile text', () => {
    const text = `${'a.'.repeat(5000)} ${'('.repeat(5000)}`
    const before = performance.now()
    expect(problemsOf(text)).toHaveLength(1)
    expect(performance.now() - before).toBeLessThan(500)
  })

  it('come with a commit', () => {
    expect(commitOf('At 4e70915: services/…')).toBe('4e70915')
    expect(commitOf('At noon: closed')).toBe('')
  })
})

describe('the place in Git', () => {
  it.each([
    ['', 'app.pipecd.yaml'],
    ['.', 'app.pipecd.yaml'],
    ['./', 'app.pipecd.yaml'],
    [' ./ ', 'app.pipecd.yaml'],
    ['services/web', 'services/web/app.pipecd.yaml'],
    ['./services/web/', 'services/web/app.pipecd.yaml'],
  ])('path %j', (path, want) => {
    expect(filePath(path, '')).toBe(want)
    expect(isRoot(path)).toBe(!want.includes('/'))
  })
})
