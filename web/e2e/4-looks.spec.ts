// Every page in both themes, both languages, wide and as a phone: no violation
// that axe finds, nothing that scrolls sideways, nothing below a phone's bottom
// bar, no error in the console.
import type { Page } from '@playwright/test'
import { belowWindow, sidewaysScroll, violations } from '../scripts/axe.mjs'
import { common } from '../src/i18n/en/common'
import { pipeds } from '../src/i18n/en/pipeds'
import { common as commonJa } from '../src/i18n/ja/common'
import { pipeds as pipedsJa } from '../src/i18n/ja/pipeds'
import { call } from './calls'
import { expect, signIn, test, tryOut } from './test'
import type { World } from './world'

const cells = (['light', 'dark'] as const).flatMap(theme =>
  (['en-GB', 'ja-JP'] as const).flatMap(locale => [1440, 360].map(width => ({ theme, locale, width }))),
)

for (const { theme, locale, width } of cells) {
  test(`${theme} ${locale} ${width}`, async ({ browser, world }) => {
    test.setTimeout(300_000)
    const context = await browser.newContext({
      baseURL: world.url,
      locale,
      colorScheme: theme,
      reducedMotion: 'reduce',
      viewport: { width, height: width === 360 ? 740 : 900 },
      hasTouch: width === 360,
    })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', m => m.type() === 'error' && complaints.push(m.text()))
    page.on('pageerror', e => complaints.push(e.message))
    // check looks at what is on the screen.
    const check = async (what: string) => {
      await expect(page.getByRole('status', { name: /Loading|読み込み/ })).toHaveCount(0)
      const sideways = await page.evaluate(sidewaysScroll)
      expect.soft(sideways, `${what} scrolls sideways`).toBeLessThanOrEqual(0)
      // On a phone the page scrolls between the bars, and the window not at all.
      if (width === 360)
        expect.soft(await page.evaluate(belowWindow), `${what} is higher than the window`).toBeLessThanOrEqual(0)
      expect.soft(await violations(page), what).toEqual([])
    }
    const look = async (path: string) => {
      await page.goto(path)
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
      await page.waitForLoadState('load')
      if (/add=|show=/.test(path)) await expect(page.getByRole('dialog')).toBeVisible()
      await check(path)
    }
    await look('/login')
    await look(`/login?project=${world.around.project}`)
    await signIn(page, world)
    const { application, deployment, piped } = await tryOut(page, world)
    for (const path of [
      '/welcome',
      '/applications',
      '/applications?name=nothing-is-named-so',
      '/applications?add=manual',
      '/applications?add=suggestions',
      `/applications/${application}`,
      '/deployments',
      '/deployments?applicationName=nothing-is-named-so&status=DEPLOYMENT_FAILURE',
      `/deployments/${deployment}`,
      '/settings/piped',
      '/settings/piped?add=piped',
      `/settings/piped?show=edit&piped=${piped}`,
      `/settings/piped?show=config&piped=${piped}`,
      `/settings/piped?show=setup&piped=${piped}`,
      '/no/such/page',
    ])
      await look(path)
    await lookAtKeys(page, world, locale, check)
    expect.soft(complaints).toEqual([])
    await context.close()
  })
}

// lookAtKeys changes the key of a piped that nothing runs with, and looks at
// each question and answer on the way.
async function lookAtKeys(page: Page, world: World, locale: string, check: (what: string) => Promise<void>) {
  const [t, c] = locale === 'ja-JP' ? [pipedsJa, commonJa] : [pipeds, common]
  const name = `keys-${Date.now()}`
  await call(page, world.url)('RegisterPiped', { name })
  await page.goto('/settings/piped')
  const choose = async (entry: string) => {
    await page.getByRole('button', { name: c.moreActions(name) }).click()
    // What another entry says of it in its hint is not it.
    const item = page.getByRole('menuitem', { name: new RegExp(`^${entry}`) })
    await expect(item).toBeVisible()
    await item.click()
  }
  const dialog = (title: string) => page.getByRole('dialog', { name: title, exact: true })
  await choose(t.addKey)
  await expect(dialog(t.addKeyTitle(name))).toBeVisible()
  await check('adding a key')
  await dialog(t.addKeyTitle(name)).getByRole('button', { name: t.addKeyDo }).click()
  await expect(dialog(t.keyAdded(name))).toBeVisible()
  await check('a new key')
  await dialog(t.keyAdded(name)).getByRole('button', { name: c.close }).last().click()
  await expect(dialog(t.leaveTitle)).toBeVisible()
  await check('leaving a new key')
  await dialog(t.leaveTitle).getByRole('button', { name: t.leaveDo }).click()
  await choose(t.deleteKey)
  await expect(dialog(t.deleteKeyTitle(name))).toBeVisible()
  await check('deleting a key')
  await dialog(t.deleteKeyTitle(name)).getByRole('button', { name: t.deleteKeyDo }).click()
  await expect(dialog(t.deleteKeyTitle(name))).toBeHidden()
}
