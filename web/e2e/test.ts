import { test as base, expect, type Page } from '@playwright/test'
import { call } from './calls'
import { World } from './world'

interface PerTest {
  // What a page may complain about in the console: by default, nothing.
  allowed: RegExp[]
  complaints: string[]
}

interface PerWorker {
  world: World
}

// test has a world for all tests of a run, and fails when a page writes an error
// to the console; a violation of the page's policy is one, too.
export const test = base.extend<PerTest, PerWorker>({
  world: [
    // biome-ignore lint/correctness/noEmptyPattern: the runner wants a pattern
    async ({}, use) => {
      const world = await World.start()
      await use(world)
      await world.stop()
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  baseURL: async ({ world }, use) => use(world.url),
  allowed: [[], { option: true }],
  complaints: [
    async ({ context, allowed }, use) => {
      const complaints: string[] = []
      const watch = (page: Page) => {
        page.on('console', m => m.type() === 'error' && complaints.push(`${page.url()}: ${m.text()}`))
        page.on('pageerror', e => complaints.push(`${page.url()}: ${e.message}`))
      }
      context.pages().forEach(watch)
      context.on('page', watch)
      await use(complaints)
      expect(complaints.filter(c => !allowed.some(a => a.test(c)))).toEqual([])
    },
    { auto: true },
  ],
})

export { expect }

// signIn goes by the sign-in page, as a person does.
export async function signIn(page: Page, world: World, url = world.url): Promise<void> {
  await page.goto(`${url}/login?project=${world.around.project}`)
  await page.getByLabel('Username').or(page.getByLabel('ユーザー名')).fill(world.around.username)
  await page.getByRole('textbox', { name: /^(Password|パスワード)/ }).fill(world.around.password)
  await page.getByRole('button', { name: /^(Sign in|ログイン)$/ }).click()
  await expect(page).toHaveURL(/\/applications/)
}

// tryOut makes sure that there are a piped and an application with a deployment;
// where the story has been told already, they are there.
export async function tryOut(
  page: Page,
  world: World,
): Promise<{ application: string; deployment: string; piped: string }> {
  const ask = call(page, world.url)
  const found = await ask('ListApplications', {})
  let { id: application, pipedId }: { id?: string; pipedId?: string } = found.applications?.[0]?.application ?? {}
  if (!application) {
    const piped = await ask('RegisterPiped', { name: 'tokyo' })
    pipedId = piped.id
    await world.shell('(umask 077; cat > piped-key)', piped.key)
    await world.writePipedFile(
      'piped.yaml',
      `apiVersion: pipecd.dev/v1beta1\nkind: Piped\nspec:\n  projectID: ${world.around.project}\n  pipedID: ${piped.id}\n  pipedKeyFile: piped-key\n  apiAddress: ${world.address}\n`,
    )
    await world.addSettings('piped.yaml')
    await world.startPiped('piped run --config-file=piped.yaml --insecure')
    await expect
      .poll(async () => (await ask('GetPiped', { pipedId: piped.id })).piped?.piped?.repositories?.length ?? 0)
      .toBeGreaterThan(0)
    const added = await ask('AddApplication', {
      name: 'canary',
      pipedId: piped.id,
      platformProvider: 'sample-ecs',
      repoId: 'sample',
      path: './',
      kind: 'ECS',
      labels: { env: 'example', team: 'xyz' },
    })
    application = added.applicationId as string
  }
  return { application, deployment: await settled(page, world, application), piped: pipedId ?? '' }
}

// settled waits until no deployment runs, and returns the newest.
export async function settled(page: Page, world: World, application: string): Promise<string> {
  const ask = call(page, world.url)
  const newest = async () =>
    (await ask('ListDeployments', { applicationId: application, pageSize: 1 })).deployments?.[0]
  await expect.poll(async () => (await newest())?.status, { timeout: 60_000 }).toMatch(/SUCCESS|FAILURE|CANCELLED/)
  return (await newest()).id
}
