import { defineConfig } from '@playwright/test'

// The browser tests, on the system's Chromium, against the real programs.
export default defineConfig({
  testDir: '.',
  outputDir: '../../bin/browser-tests',
  workers: 1,
  forbidOnly: true,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  use: {
    locale: 'en-GB',
    viewport: { width: 1440, height: 900 },
    screenshot: 'only-on-failure',
    trace: process.env.TRACE ? 'retain-on-failure' : 'off', // it takes half of the time
    contextOptions: { reducedMotion: 'reduce' },
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    },
  },
  projects: [
    { name: 'tests', testMatch: /\.spec\.ts$/ },
    { name: 'pictures', testMatch: /pictures\.ts$/ },
  ],
})
