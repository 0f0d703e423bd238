// What a person does who tries pipecd: from the first sign-in to a bad release
// that is rolled back. Each test goes on where the one before it ended.
import type { Page } from '@playwright/test'
import { violations } from '../scripts/axe.mjs'
import { expect, signIn, test } from './test'

test.describe.configure({ mode: 'serial' })

let page: Page

test.beforeAll(async ({ browser, world }) => {
  const context = await browser.newContext({
    locale: 'en-GB',
    viewport: { width: 1440, height: 900 },
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  page = await context.newPage()
  await signIn(page, world)
})

test.afterAll(async () => {
  await page.context().close()
})

// What is shown by the name, as text.
const shown = (name: string) => page.getByRole('region', { name, exact: true })

test('an empty project says what to do first', async () => {
  await expect(page.getByRole('heading', { level: 1, name: 'Welcome' })).toBeVisible()
  await page.getByRole('link', { name: 'Add a piped' }).first().click()
  await expect(page).toHaveURL(/\/settings\/piped/)
})

test('a piped is added, and runs with exactly what the dialog says', async ({ world }) => {
  const form = page.getByRole('dialog', { name: 'Add piped' })
  if (!(await form.isVisible())) await page.getByRole('button', { name: 'Add' }).first().click()
  await form.getByLabel('Name').fill('tokyo')
  await form.getByLabel('Description').fill('The sample')
  await form.getByRole('button', { name: 'Save' }).click()

  const dialog = page.getByRole('dialog', { name: 'Piped registered' })
  await expect(dialog.getByText('The key is shown only now')).toBeVisible()
  const id = await dialog.getByRole('textbox', { name: 'Piped Id' }).innerText()
  const key = await dialog.getByRole('textbox', { name: 'Piped Key', exact: true }).innerText()
  const encoded = await dialog.getByRole('textbox', { name: 'Base64 Encoded Piped Key' }).innerText()
  expect(Buffer.from(encoded, 'base64').toString()).toBe(key)
  expect(page.url()).not.toContain(key)

  // Leaving with the key uncopied asks first.
  await page.keyboard.press('Escape')
  const leave = page.getByRole('dialog', { name: 'Close without the key?' })
  await leave.getByRole('button', { name: 'Back to the key' }).click()
  await dialog.getByRole('button', { name: 'Copy Piped Key', exact: true }).click()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(key)

  await expect(dialog.getByRole('status').filter({ hasText: 'Waiting for this piped' })).toBeVisible()
  const [save, run] = await dialog.getByRole('group', { name: 'command' }).allInnerTexts()
  const file = await dialog.getByRole('group', { name: 'piped.yaml' }).innerText()
  expect(file).toContain(id)
  expect(file).not.toContain(key)
  await world.shell(save ?? '', `${key}\n`)
  await world.writePipedFile('piped.yaml', file)
  await world.startPiped(run ?? '')
  await expect(dialog.getByText('Connected:')).toBeVisible()
  await expect(dialog.getByText('0 platform providers')).toBeVisible()

  // Repositories and providers are filled in afterwards, with the dialog open.
  await world.addSettings('piped.yaml')
  await world.startPiped(run ?? '')
  await expect(dialog.getByText('1 platform provider and 1 repository')).toBeVisible()
  expect(await violations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Close' }).last().click()
  await expect(dialog).toBeHidden()
  await expect(page.getByRole('row', { name: /tokyo.*Online.*sample-ecs/s })).toBeVisible()
})

test('its configuration is shown, its keys are turned over', async () => {
  const menu = page.getByRole('button', { name: 'More actions for tokyo' })
  await menu.click()
  await page.getByRole('menuitem', { name: 'View configuration' }).click()
  await expect(page.getByRole('group', { name: 'configuration' })).toContainText('repoId: sample')
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()

  await menu.click()
  await expect(page.getByRole('menuitem', { name: 'Delete old key' })).toBeDisabled()
  await page.getByRole('menuitem', { name: 'Add new key' }).click()
  await page.getByRole('button', { name: 'Add key' }).click()
  const dialog = page.getByRole('dialog', { name: 'New key of tokyo' })
  await dialog.getByRole('button', { name: 'Copy Piped Key', exact: true }).click()
  await dialog.getByRole('button', { name: 'Close' }).last().click()

  await menu.click()
  await expect(page.getByRole('menuitem', { name: 'Add new key' })).toBeDisabled()
  await page.keyboard.press('Escape')
})

test('an application is added and synced', async () => {
  await page.getByRole('link', { name: 'Applications', exact: true }).click()
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  const form = page.getByRole('dialog', { name: 'Add application' })
  await form.getByRole('tab', { name: 'Add manually' }).click()
  await form.getByLabel('Name', { exact: true }).fill('canary')
  await form.getByLabel('Kind').selectOption('ECS')
  await form.getByLabel('Piped', { exact: true }).selectOption({ label: 'tokyo' })
  await form.getByLabel('Platform provider').selectOption('sample-ecs')
  await form.getByLabel('Repository').selectOption('sample')
  await form.getByLabel('Path').fill('./')
  await form.getByRole('button', { name: 'Save' }).click()
  await expect(form.getByText('canary was added')).toBeVisible()
  await form.getByRole('button', { name: 'Sync', exact: true }).click()
  await form.getByRole('link', { name: 'Open the deployment' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'canary' })).toBeVisible()
  await expect(page.getByText('Success', { exact: true }).first()).toBeVisible({ timeout: 40_000 })
})

// newest opens the newest deployment from the list, as soon as its version shows.
async function newest(version: string): Promise<void> {
  await page.getByRole('link', { name: 'Deployments', exact: true }).click()
  const row = page.getByRole('listitem').filter({ hasText: version }).first()
  await expect(row).toBeVisible({ timeout: 90_000 }) // after what was asked for before it
  await row.getByRole('link', { name: 'canary' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'canary' })).toBeVisible()
}

test('a good release goes by the canary to everybody', async ({ world }) => {
  await world.release('v2', 'Retry payments with idempotency keys')
  await newest('v2')
  await expect(page.getByText(/v2 is taking 20% of traffic/)).toBeVisible()
  await expect(page.getByText('Running', { exact: true }).first()).toBeVisible()

  // Nobody chose a stage, so the log goes along with what runs; it stands still
  // while the button of a stage comes and goes.
  const log = page.getByRole('region', { name: 'Log', exact: true })
  const top = async () => (await log.boundingBox())?.y
  const skip = page.getByRole('button', { name: 'Skip' })
  await expect(skip).toBeVisible()
  await expect(log.getByRole('heading', { name: 'Log of ANALYSIS' })).toBeVisible()
  await expect(log.getByText(/^Times in /)).toBeVisible()
  const before = await top()
  await expect(skip).toBeHidden({ timeout: 60_000 })
  expect(await top()).toBe(before)
  await expect(log.getByRole('heading', { name: /^Log of ECS_/ })).toBeVisible()

  await expect(page.getByText('Success', { exact: true }).first()).toBeVisible({ timeout: 90_000 })
  await expect(page.getByText(/v2 has all the traffic/)).toBeVisible()
  await expect(page).not.toHaveURL(/stage=/)
})

test('a bad release is rolled back and explained', async ({ world }) => {
  await world.release('v3', 'Speed up the checkout', 'errors')
  await newest('v3')
  const why = shown('Why it rolled back')
  await expect(why).toBeVisible({ timeout: 60_000 })
  await expect(why).toContainText('ANALYSIS failed: ')
  await expect(why).toContainText('at most 10 is expected')
  await expect(why).toContainText(/Rolled back/, { timeout: 30_000 })
  await expect(page.getByText('Failure', { exact: true }).first()).toBeVisible()
  expect(await violations(page)).toEqual([])

  await page.getByRole('link', { name: 'Applications', exact: true }).click()
  await page.getByRole('link', { name: 'canary', exact: true }).first().click()
  await expect(page.getByText(/v2 is live/)).toBeVisible()
  const latest = shown('Latest deployment')
  await expect(latest).toContainText(/Failure\s*v2\s*v3/)
  await expect(latest.getByRole('img', { name: 'Pipeline: 2 of 6 stages done' })).toBeVisible()
})
