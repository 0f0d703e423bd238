// The list of deployments and that of pipeds: filters in the address, keys.
import { expect, signIn, test, tryOut } from './test'

test.beforeEach(async ({ page, world }) => {
  await signIn(page, world)
  await tryOut(page, world)
})

test.describe('what does not exist', () => {
  test.use({ allowed: [/status of 404/] })

  test('says so once, and leads to the list', async ({ page }) => {
    for (const [of, title] of [
      ['deployments', 'This deployment does not exist'],
      ['applications', 'This application does not exist'],
    ] as const) {
      await page.goto(`/${of}/none`)
      await expect(page.getByRole('heading', { name: title })).toHaveCount(1)
      await expect(page.getByRole('alert')).toHaveCount(0)
      await page.getByRole('link', { name: `All ${of}` }).click()
      await expect(page).toHaveURL(new RegExp(`/${of}(\\?|$)`))
    }
  })
})

test('filters that match nothing say which to drop', async ({ page }) => {
  await page.goto('/deployments?applicationName=canary&status=DEPLOYMENT_CANCELLED')
  await expect(page.getByRole('heading', { name: 'No deployment matches' })).toBeVisible()
  await expect(page.getByRole('button', { name: /^Without Name/ })).toBeHidden()
  await page.getByRole('button', { name: 'Without Status Cancelled' }).click()
  await expect(page).not.toHaveURL(/status=/)
  await expect(page.getByRole('main').getByRole('link', { name: 'canary' }).first()).toBeVisible()
})

test('filters are in the address and survive a reload', async ({ page }) => {
  await page.goto('/deployments')
  await page.getByRole('combobox', { name: 'Status' }).selectOption({ label: 'Success' })
  await page.getByRole('textbox', { name: 'Label' }).fill('team:xyz')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/status=DEPLOYMENT_SUCCESS/)
  await expect(page).toHaveURL(/labels\[\]=team:xyz/)
  await page.reload()
  await expect(page.getByRole('combobox', { name: 'Status' })).toHaveValue('DEPLOYMENT_SUCCESS')
  await page.getByRole('button', { name: 'Drop the filter Label team:xyz' }).click()
  await expect(page).not.toHaveURL(/labels/)
})

test('keys go from row to row, and Enter opens one', async ({ page }) => {
  await page.goto('/deployments')
  const first = page.getByRole('main').getByRole('link', { name: 'canary' }).first()
  await expect(first).toBeVisible()
  await page.keyboard.press('j')
  await expect(first).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/deployments\/[0-9a-f-]+/)
  await page.keyboard.press('g')
  await page.keyboard.press('s')
  await expect(page).toHaveURL(/\/settings\/piped/)
})

test('a disabled piped is told apart and comes back', async ({ page }) => {
  await page.goto('/settings/piped')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByLabel('Name').fill('spare')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('button', { name: 'Copy Piped Key', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
  const menu = page.getByRole('button', { name: 'More actions for spare' })
  await menu.click()
  await page.getByRole('menuitem', { name: 'Disable' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click()
  await page.getByRole('button', { name: 'Disabled 1' }).click()
  await expect(page).toHaveURL(/activeStatus=disabled/)
  await expect(page.getByRole('row')).toHaveCount(2)
  await menu.click()
  await page.getByRole('menuitem', { name: 'Enable' }).click()
  await expect(page.getByRole('heading', { name: 'No piped is like that' })).toBeVisible()
  await page.getByRole('button', { name: 'Show all pipeds' }).click()
  await expect(page.getByRole('row', { name: /spare.*Never connected/s })).toBeVisible()
})
