// Every page in both themes, both languages, wide and as a phone: no violation
// that axe finds, nothing that scrolls sideways, nothing below a phone's bottom
// bar, no error in the console.
import { belowWindow, sidewaysScroll, violations } from '../scripts/axe.mjs'
import { expect, signIn, test, tryOut } from './test'

const cells = (['light', 'dark'] as const).flatMap(theme =>
  (['en-GB', 'ja-JP'] as const).flatMap(locale => [1440, 360].map(width => ({ theme, locale, width }))),
)

for (const { theme, locale, width } of cells) {
  test(`${theme} ${locale} ${width}`, async ({ browser, world }) => {
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
    const look = async (path: string) => {
      await page.goto(path)
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
      await page.waitForLoadState('load')
      if (path.includes('add=')) await expect(page.getByRole('dialog')).toBeVisible()
      await expect(page.getByRole('status', { name: /Loading|読み込み/ })).toHaveCount(0)
      const sideways = await page.evaluate(sidewaysScroll)
      expect.soft(sideways, `${path} scrolls sideways`).toBeLessThanOrEqual(0)
      // On a phone the page scrolls between the bars, and the window not at all.
      if (width === 360)
        expect.soft(await page.evaluate(belowWindow), `${path} is higher than the window`).toBeLessThanOrEqual(0)
      expect.soft(await violations(page), path).toEqual([])
    }
    await look('/login')
    await look(`/login?project=${world.around.project}`)
    await signIn(page, world)
    const { application, deployment } = await tryOut(page, world)
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
      '/no/such/page',
    ])
      await look(path)
    expect.soft(complaints).toEqual([])
    await context.close()
  })
}
