import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

// Which folder may import which. A feature is one folder in features/; others
// see only its index.
const may: Record<string, readonly string[]> = {
  gen: [],
  i18n: [],
  api: ['gen', 'i18n'],
  kit: ['api', 'gen', 'i18n'],
  features: ['kit', 'api', 'gen', 'i18n', 'features'],
  pages: ['features', 'kit', 'api', 'gen', 'i18n'],
  app: ['pages', 'features', 'kit', 'api', 'gen', 'i18n'],
  'main.tsx': ['app', 'pages', 'features', 'kit', 'api', 'gen', 'i18n'],
  test: ['app', 'pages', 'features', 'kit', 'api', 'gen', 'i18n'],
}

const src = path.resolve(import.meta.dirname, '..')

function sources(): string[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(f => /\.tsx?$/.test(f))
}

function importsOf(file: string): string[] {
  const text = readFileSync(path.join(src, file), 'utf8')
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].flatMap(m => (m[1] ? [m[1]] : []))
}

// problem says what is wrong with an import, or nothing.
function problem(file: string, imported: string): string | undefined {
  const target = imported.startsWith('~/')
    ? imported.slice(2)
    : imported.startsWith('.')
      ? path.join(path.dirname(file), imported)
      : undefined
  if (target === undefined) return undefined
  const [from = '', fromFeature] = file.split(path.sep)
  const [to = '', toFeature, ...inside] = target.split(path.sep)
  if (from === to && from !== 'features' && from !== 'pages') return undefined
  if (from === 'features' && to === 'features')
    return fromFeature === toFeature || inside.length === 0
      ? undefined
      : `${file} imports the inside of feature ${toFeature}`
  // A page has its own files: NAME.tsx, NAME.search.ts, NAME.module.css.
  if (from === 'pages' && to === 'pages')
    return fromFeature?.split('.')[0] === toFeature?.split('.')[0] ? undefined : `${file} imports another page`
  if (to === 'features' && inside.length > 0) return `${file} imports the inside of feature ${toFeature}`
  return may[from]?.includes(to) ? undefined : `${file} must not import ${imported}`
}

describe('import borders', () => {
  it('hold in every file', () => {
    const files = sources()
    expect(files.length).toBeGreaterThan(60)
    const wrong = files
      .filter(f => !f.startsWith(`test${path.sep}`) && !/\.test\.tsx?$/.test(f))
      .flatMap(f => importsOf(f).flatMap(i => problem(f, i) ?? []))
    expect(wrong).toEqual([])
  })

  it.each([
    ['features/log/Log.tsx', '~/features/pipeline/Graph', false],
    ['features/log/Log.tsx', '~/features/pipeline', true],
    ['features/log/Log.tsx', './lines', true],
    ['features/log/Log.tsx', '../pipeline/Graph', false],
    ['kit/Button.tsx', '~/features/log', false],
    ['api/queries.ts', '~/kit', false],
    ['pages/login.tsx', './applications', false],
    ['pages/login.tsx', './login.search', true],
    ['pages/login.tsx', '~/features/login/SignIn', false],
    ['pages/login.tsx', 'react', true],
  ])('%s imports %s: %s', (file, imported, allowed) => {
    expect(problem(file, imported) === undefined).toBe(allowed)
  })
})
