// Looks at pages in a real browser: a picture of each in both themes, languages
// and at two widths, and a list of what is wrong: console errors, violations of
// the policy, sideways scrolling, accessibility (axe).
//
//   node scripts/look.mjs BASE OUT PATH...     e.g. http://127.0.0.1:8080 /tmp/look /login /applications
//
// Settings, as environment: LOOK_LOGIN=project:user:password (quickstart's by
// default), LOOK_MATRIX=dark-en-1440,light-ja-360 for a part of the matrix,
// CHROMIUM=path.

import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { chromium } from 'playwright-core'
import { sidewaysScroll, violations } from './axe.mjs'

const [base, out, ...paths] = process.argv.slice(2)
const [project, user, password] = (process.env.LOOK_LOGIN ?? 'quickstart:hello-pipecd:hello-pipecd').split(':')
const all = ['light', 'dark'].flatMap(t => ['en', 'ja'].flatMap(l => ['1440', '360'].map(w => `${t}-${l}-${w}`)))
const matrix = process.env.LOOK_MATRIX?.split(',') ?? all

await mkdir(out, { recursive: true })
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
})
let problems = 0
const tell = (where, what) => {
  problems++
  process.stdout.write(`${where}: ${what}\n`)
}

for (const cell of matrix) {
  const [theme, locale, width] = cell.split('-')
  const context = await browser.newContext({
    locale: locale === 'ja' ? 'ja-JP' : 'en-GB',
    colorScheme: theme,
    viewport: { width: Number(width), height: width === '360' ? 740 : 900 },
    hasTouch: width === '360',
    bypassCSP: false,
  })
  const page = await context.newPage()
  let where = cell
  page.on('console', m => m.type() === 'error' && tell(where, `console: ${m.text()}`))
  page.on('pageerror', e => tell(where, `error: ${e.message}`))
  for (const p of paths) {
    where = `${cell} ${p}`
    if (p.startsWith('/login')) await context.clearCookies()
    else if (!(await context.cookies()).some(c => c.name === 'token')) await signIn(page)
    await page.goto(base + p)
    await page.waitForTimeout(Number(process.env.LOOK_WAIT ?? 1200))
    const name = `${p.replace(/\W+/g, '_').replace(/^_/, '') || 'home'}-${cell}.png`
    await page.screenshot({ path: path.join(out, name) })
    const sideways = await page.evaluate(sidewaysScroll)
    if (sideways > 0) tell(where, `scrolls sideways by ${sideways} px`)
    await check(page, where)
  }
  await context.close()
}
await browser.close()
process.stdout.write(`${problems} problems\n`)
process.exitCode = problems > 0 ? 1 : 0

async function signIn(page) {
  await page.goto(`${base}/login?project=${project}`)
  await page.fill('input[name=username]', user)
  await page.fill('input[name=password]', password)
  await page.click('button[type=submit]')
  await page.waitForURL('**/applications**')
}

async function check(page, where) {
  for (const violation of await violations(page)) tell(where, `axe ${violation}`)
}
