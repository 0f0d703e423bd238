// What stays right while the connection breaks, in a second tab, and when the
// session ends.
import type { Page } from '@playwright/test'
import { violations } from '../scripts/axe.mjs'
import { call } from './calls'
import { expect, settled, signIn, test, tryOut } from './test'
import { Wire } from './wire'

// What the browser itself says of connections that we cut.
const broken = /net::ERR_|Failed to load resource/

interface Block {
  log: string
}

// logLines are the lines of the log on the page: their numbers and texts.
async function logLines(page: Page): Promise<{ numbers: number[]; text: string }> {
  const log = page.getByRole('log')
  const numbers = (await log.getByRole('link', { name: /^Line / }).allInnerTexts()).map(Number)
  return { numbers, text: await log.innerText() }
}

test.describe('a stream that breaks in the middle of a log', () => {
  test.use({ allowed: [broken] })
  test('goes on without loss or duplicates', async ({ page, world }) => {
    await signIn(page, world)
    const { application } = await tryOut(page, world)
    const ask = call(page, world.url)
    const before = (await ask('ListDeployments', { applicationId: application, pageSize: 1 })).deployments[0].id
    await world.release(`w${Date.now() % 1000}`, 'A release to read the log of')
    const latest = async () =>
      (await ask('ListDeployments', { applicationId: application, pageSize: 1 })).deployments[0]
    await expect.poll(async () => (await latest()).id, { timeout: 30_000 }).not.toBe(before)
    const { id } = await latest()
    const analysis = async () =>
      (await ask('GetDeployment', { deploymentId: id })).deployment.stages?.find(
        (s: { name: string }) => s.name === 'ANALYSIS',
      )
    await expect.poll(async () => (await analysis())?.id).toBeTruthy()

    const wire = await Wire.to(world.address)
    await page.goto(`${wire.url}/deployments/${id}?stage=${(await analysis()).id}`)
    // The log shows by itself when the stage begins.
    await expect.poll(async () => (await logLines(page)).numbers.length, { timeout: 60_000 }).toBeGreaterThan(0)
    const seen = (await logLines(page)).numbers.length
    const live = page.getByText('Live', { exact: true })
    for (let cuts = 0; cuts < 3; cuts++) {
      wire.cut()
      await expect(live).toBeHidden()
      wire.mend()
      await expect(live).toBeVisible()
    }
    await settled(page, world, application)
    const stage = await analysis()
    const whole = await ask('GetStageLog', { deploymentId: id, stageId: stage.id })
    const lines = (whole.blocks as Block[]).flatMap(b => b.log.replace(/\n$/, '').split('\n'))
    expect(lines.length, 'the log went on after the first cut').toBeGreaterThan(seen)
    await expect.poll(async () => (await logLines(page)).numbers).toEqual(lines.map((_, i) => i + 1))
    const { text } = await logLines(page)
    let at = 0
    for (const line of lines.map(l => l.trim()).filter(Boolean)) {
      at = text.indexOf(line, at)
      expect(at, `${line} is missing or out of order`).toBeGreaterThanOrEqual(0)
      at += line.length
    }
    await wire.close()
  })
})

test.describe('what cannot be read again', () => {
  test.use({ allowed: [broken] })

  test('stays, with its age', async ({ page, world }) => {
    await signIn(page, world)
    const { application, deployment } = await tryOut(page, world)
    const wire = await Wire.to(world.address)
    const age = page.getByRole('status').filter({ hasText: 'What you see is from' })
    for (const path of [
      '/applications',
      `/applications/${application}`,
      '/deployments',
      `/deployments/${deployment}`,
    ]) {
      await page.goto(`${wire.url}${path}`)
      await expect(page.getByText('canary').first()).toBeVisible()
      await expect(page.getByText('Live', { exact: true })).toBeVisible()
      wire.cut()
      await expect(age, path).toContainText(
        /The control plane cannot be reached\. What you see is from .+; it is tried/,
      )
      await expect(page.getByText('canary').first()).toBeVisible()
      expect(await violations(page), path).toEqual([])
      wire.mend()
      await expect(age, path).toBeHidden()
    }
    await wire.close()
  })
})

test('two tabs are kept current by one stream', async ({ context, page, world }) => {
  await signIn(page, world)
  const { application } = await tryOut(page, world)
  const wire = await Wire.to(world.address)
  await page.goto(`${wire.url}/applications/${application}`)
  const other = await context.newPage()
  await other.goto(`${wire.url}/deployments`)
  await expect(other.getByRole('heading', { level: 1 })).toBeVisible()
  await expect.poll(() => wire.streams()).toBe(1)

  const rows = other.getByRole('main').getByRole('link', { name: 'canary' })
  await expect(rows.first()).toBeVisible()
  const before = await rows.count()
  await page.getByRole('button', { name: 'Sync', exact: true }).click()
  await expect(rows).toHaveCount(before + 1, { timeout: 20_000 })
  await expect(page.getByRole('link', { name: 'Open the deployment' }).first()).toBeVisible()
  // What is followed changed; the next stream begins before the last one ends.
  await expect.poll(() => wire.streams()).toBe(1)
  await page.goto('about:blank')
  await other.close()
  await wire.close()
  await settled(page, world, application)
})

test.describe('a session that ends', () => {
  test.use({ allowed: [/status of 401/] })

  test('is asked for over the page, which stays as it is', async ({ page, context, world }) => {
    await signIn(page, world)
    await page.goto('/deployments?status=DEPLOYMENT_SUCCESS')
    const name = page.getByRole('searchbox', { name: 'Application name' })
    await expect(name).toBeVisible()
    await context.clearCookies()
    await name.fill('can')
    const dialog = page.getByRole('dialog', { name: 'Your session has ended' })
    await expect(dialog).toBeVisible()
    await dialog.getByRole('textbox', { name: /^Password/ }).fill(world.around.password)
    await dialog.getByRole('button', { name: 'Sign in' }).click()
    await expect(dialog).toBeHidden()
    await expect(name).toHaveValue('can')
    await expect(page).toHaveURL(/\/deployments\?.*applicationName=can/)
    await expect(page).toHaveURL(/status=DEPLOYMENT_SUCCESS/)
  })

  test('leads through the sign-in back to the same link', async ({ page, world }) => {
    await page.goto('/settings/piped?add=piped')
    await expect(page).toHaveURL(/\/login/)
    await page.getByLabel('Project').fill(world.around.project)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByLabel('Username').fill(world.around.username)
    await page.getByRole('textbox', { name: /^Password/ }).fill(world.around.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page).toHaveURL(/\/settings\/piped\?.*add=piped/)
    await expect(page.getByRole('dialog', { name: 'Add piped' })).toBeVisible()
  })
})
