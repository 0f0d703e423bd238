// Prints what a first visit of each page loads, and fails above the budget.
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'

const kB = 1000
const budgets = { page: 190 * kB, deployment: 230 * kB, chunk: 40 * kB, css: 15 * kB, japanese: 15 * kB }

const build = path.resolve(import.meta.dirname, '../build')
const size = async file => gzipSync(await readFile(path.join(build, file)), { level: 9 }).length
const html = await readFile(path.join(build, 'index.html'), 'utf8')
const first = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.js)"/g)].map(m => m[1])
const routes = JSON.parse(await readFile(path.join(build, 'preload.json'), 'utf8'))

const problems = []
const say = (name, bytes, limit) => {
  const over = bytes > limit
  if (over) problems.push(name)
  process.stdout.write(
    `${over ? 'OVER ' : '     '}${name.padEnd(36)} ${(bytes / kB).toFixed(1).padStart(7)} of ${limit / kB} kB gzip\n`,
  )
}
const sum = async files => (await Promise.all([...new Set(files)].map(size))).reduce((a, b) => a + b, 0)

say('shell', await sum(first), budgets.page)
for (const route of routes) {
  const limit = route.path === '/deployments/{id}' ? budgets.deployment : budgets.page
  say(route.path, await sum([...first, ...route.files]), limit)
}
const assets = await readdir(path.join(build, 'assets'))
const known = new Set([...first, ...routes.flatMap(r => r.files)].map(f => path.basename(f)))
for (const name of assets.filter(a => a.endsWith('.js') && !known.has(a))) {
  say(`lazy ${name}`, await size(`assets/${name}`), /^ja-/.test(name) ? budgets.japanese : budgets.chunk)
}
say('all CSS', await sum(assets.filter(a => a.endsWith('.css')).map(a => `/assets/${a}`)), budgets.css)
if (problems.length > 0) {
  process.stderr.write(`Over the budget: ${problems.join(', ')}\n`)
  process.exitCode = 1
}
