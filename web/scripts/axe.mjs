// Accessibility by axe, shared by look.mjs and the browser tests.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const source = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

// sidewaysScroll is for page.evaluate: by how much the page, or what scrolls in it, is too wide.
export function sidewaysScroll() {
  const main = document.getElementById('main')
  return Math.max(document.documentElement.scrollWidth - innerWidth, main ? main.scrollWidth - main.clientWidth : 0)
}

// belowWindow is for page.evaluate: by how much the whole, bars included, is too high.
export function belowWindow() {
  return document.documentElement.scrollHeight - innerHeight
}

// violations lists what axe finds on the page, one line each. It goes in by the
// debugger, since the page's policy lets no foreign script in.
export async function violations(page) {
  const session = await page.context().newCDPSession(page)
  try {
    await session.send('Runtime.evaluate', { expression: await source })
    const { result } = await session.send('Runtime.evaluate', {
      expression: `axe.run(document, { runOnly: ${JSON.stringify(rules)} })
        .then(r => JSON.stringify(r.violations.map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.target + ' ' + (n.any[0]?.message ?? '')).join('; '))))`,
      awaitPromise: true,
      returnByValue: true,
    })
    return JSON.parse(result.value)
  } finally {
    await session.detach()
  }
}
