// The pictures of docs/pictures, from the real thing: make screenshots.
import path from 'node:path'
import type { Browser, Page } from '@playwright/test'
import { call } from './calls'
import { expect, settled, signIn, test, tryOut } from './test'
import type { World } from './world'

const folder = path.resolve(import.meta.dirname, '../../docs/pictures')

interface Look {
  theme: 'light' | 'dark'
  width?: number
  height?: number
  locale?: string
}

async function open(browser: Browser, world: World, look: Look): Promise<Page> {
  const context = await browser.newContext({
    baseURL: world.url,
    locale: look.locale ?? 'en-GB',
    timezoneId: 'Asia/Tokyo',
    colorScheme: look.theme,
    viewport: { width: look.width ?? 1280, height: look.height ?? 860 },
    deviceScaleFactor: 2,
    hasTouch: (look.width ?? 1280) < 640,
  })
  const page = await context.newPage()
  await signIn(page, world)
  return page
}

async function take(page: Page, name: string): Promise<void> {
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
  await page.waitForTimeout(400) // for what appears softly
  await page.screenshot({ path: path.join(folder, `${name}.png`), animations: 'disabled' })
}

async function newest(page: Page, world: World, application: string, not: string): Promise<string> {
  const ask = call(page, world.url)
  const id = async () =>
    (await ask('ListDeployments', { applicationId: application, pageSize: 1 })).deployments[0].id as string
  await expect.poll(id, { timeout: 30_000 }).not.toBe(not)
  return id()
}

test('pictures', async ({ browser, world }) => {
  test.setTimeout(300_000)
  const dark = await open(browser, world, { theme: 'dark' })
  const phone = await open(browser, world, { theme: 'light', width: 390, height: 844 })
  const { application, deployment } = await tryOut(dark, world)

  await world.release('v2', 'Retry payments with idempotency keys')
  const second = await newest(dark, world, application, deployment)
  await dark.goto(`/deployments/${second}`)
  await phone.goto(`/deployments/${second}`)
  for (const page of [dark, phone]) {
    await expect(page.getByText(/ANALYSIS is running/).first()).toBeVisible({ timeout: 60_000 })
    await page.getByRole('link', { name: /^ANALYSIS/ }).click()
  }
  // Some checks are in the log.
  await expect(dark.getByRole('link', { name: 'Line 6', exact: true })).toBeVisible()
  await take(dark, 'canary-running-dark')
  await take(phone, 'canary-running-phone')
  await dark.goto('/applications')
  await expect(dark.getByText(/20%/).first()).toBeVisible()
  await take(dark, 'applications-dark')
  await settled(dark, world, application)

  const light = await open(browser, world, { theme: 'light' })
  await world.release('v3', 'Speed up the checkout', 'errors')
  const third = await newest(light, world, application, second)
  await settled(light, world, application)
  await light.goto(`/deployments/${third}`)
  await expect(light.getByRole('region', { name: 'Why it rolled back' })).toContainText('Rolled back')
  await take(light, 'rolled-back')
  await light.goto('/deployments')
  await expect(light.getByRole('main').getByRole('link', { name: 'canary' }).first()).toBeVisible()
  await take(light, 'deployments')

  await light.goto('/settings/piped?add=piped')
  await light.getByLabel('Name').fill('osaka')
  await light.getByRole('button', { name: 'Save' }).click()
  await expect(light.getByRole('group', { name: 'piped.yaml' })).toBeVisible()
  await take(light, 'add-piped')
})
