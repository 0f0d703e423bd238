// What is around every page: the palette, the keys, the bars, and a network
// that is gone when the next page is asked for.
import { expect, signIn, test, tryOut } from './test'

test('the palette takes what is typed and goes there', async ({ page, world }) => {
  await signIn(page, world)
  const { application } = await tryOut(page, world)
  await page.goto('/deployments')
  await page.getByRole('button', { name: /^Search or jump to/ }).click()
  const palette = page.getByRole('dialog', { name: 'Jump to' })
  await expect(palette.getByRole('option', { name: /canary/ })).toBeVisible()
  await page.keyboard.type('can')
  await expect(palette.getByRole('combobox')).toHaveValue('can')
  await expect(palette.getByRole('option')).toHaveCount(1)
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(new RegExp(`/applications/${application}`))
  await expect(palette).toBeHidden()

  // It opens for the second time with what it needs already there.
  await page.keyboard.press('Control+k')
  await page.keyboard.type('depl')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/deployments/)
})

test('what is typed while the palette loads goes into it, and starts nothing', async ({ page, world }) => {
  await signIn(page, world)
  const { application } = await tryOut(page, world)
  await page.goto(`/applications/${application}`)
  const sync = page.getByRole('button', { name: 'Sync', exact: true })
  await expect(sync).toBeVisible()
  let load = () => {}
  const held = new Promise<void>(resolve => {
    load = resolve
  })
  await page.route(/\/assets\/JumpList-/, async route => {
    await held
    await route.continue()
  })
  await page.keyboard.press('Control+k')
  await page.keyboard.type('sho')
  const palette = page.getByRole('dialog', { name: 'Jump to' })
  await expect(palette.getByRole('textbox')).toHaveValue('sho')
  load()
  await expect(palette.getByRole('combobox')).toBeFocused()
  await page.keyboard.type('p')
  await expect(palette.getByRole('combobox')).toHaveValue('shop')
  await expect(palette.getByText('Nothing by that name.')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(palette).toBeHidden()
  await expect(sync).not.toHaveAttribute('aria-disabled')
  await expect(page.getByText(/Sync was requested/)).toBeHidden()

  // The key itself asks.
  await page.keyboard.press('s')
  const question = page.getByRole('dialog', { name: 'Sync canary?' })
  await question.getByRole('button', { name: 'Cancel' }).click()
  await expect(question).toBeHidden()
  await expect(sync).not.toHaveAttribute('aria-disabled')
})

test('the bar stands still while the connection comes about', async ({ page, world }) => {
  await signIn(page, world)
  const box = page.getByRole('button', { name: /^Search or jump to/ })
  await page.goto('/deployments', { waitUntil: 'commit' })
  await expect(box).toBeVisible()
  const before = await box.boundingBox()
  await expect(page.getByText('Live', { exact: true })).toBeVisible()
  expect(await box.boundingBox()).toEqual(before)
})

test('the ways to sync are on lines of their own', async ({ page, world }) => {
  await signIn(page, world)
  const { application } = await tryOut(page, world)
  for (const width of [1440, 360]) {
    await page.setViewportSize({ width, height: 740 })
    await page.goto(`/applications/${application}`)
    const arrow = page.getByRole('button', { name: 'Other ways to sync' })
    await arrow.click()
    const menu = page.getByRole('menu', { name: 'Other ways to sync' })
    const entries = menu.getByRole('menuitem')
    await expect(entries).toHaveCount(3)
    const outside = await menu.boundingBox()
    for (const entry of await entries.all()) {
      const inside = await entry.boundingBox()
      expect(inside?.height, 'a word and one line of explanation').toBeLessThan(50)
      expect(inside && outside && inside.x - outside.x, 'room around the entries').toBeGreaterThan(3)
    }
    expect(outside?.x).toBeGreaterThanOrEqual(0)
    expect(await menu.evaluate(m => getComputedStyle(m).borderTopLeftRadius)).not.toBe('0px')
  }
})

test.describe('without a network', () => {
  test.use({ allowed: [/net::ERR_|Failed to load resource|Failed to fetch|dynamically imported module/] })

  test('a page that does not arrive is told of within the shell, and comes by itself', async ({
    page,
    context,
    world,
  }) => {
    await signIn(page, world)
    await page.goto('/deployments')
    await expect(page.getByRole('heading', { level: 1, name: 'Deployments' })).toBeVisible()
    await context.setOffline(true)
    const main = page.getByRole('navigation', { name: 'Main' }).first()
    await main.getByRole('link', { name: 'Settings' }).click()
    await expect(page.getByRole('heading', { level: 1, name: 'This page could not be loaded' })).toBeVisible()
    const again = page.getByRole('button', { name: 'Try again' })
    await again.click()
    await expect(page).toHaveURL(/\/settings\/piped/)
    await expect(again).toBeVisible()
    await expect(main.getByRole('link', { name: 'Deployments' })).toBeVisible()

    // What is there already still works, and what is over the page says the same.
    await main.getByRole('link', { name: 'Deployments' }).click()
    await expect(page.getByRole('heading', { level: 1, name: 'Deployments' })).toBeVisible()
    await page.keyboard.press('Control+k')
    await expect(page.getByRole('dialog', { name: 'Jump to' }).getByRole('alert')).toBeVisible()
    await page.keyboard.press('Escape')
    await main.getByRole('link', { name: 'Settings' }).click()
    await expect(again).toBeVisible()

    await context.setOffline(false)
    await expect(page.getByRole('heading', { level: 1, name: 'Piped' })).toBeVisible()
  })
})
