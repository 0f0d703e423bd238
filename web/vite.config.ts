import { createHash } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'
import routes from './src/app/routes.json' with { type: 'json' }

const out = path.resolve(import.meta.dirname, 'build')

// The folder holds a committed file, so it is never emptied whole.
function tidy(): Plugin {
  return {
    name: 'tidy',
    apply: 'build',
    async buildStart() {
      for (const name of [
        'assets',
        'index.html',
        'index.html.br',
        'index.html.gz',
        'preload.json',
        'favicon.svg',
        'favicon.svg.br',
        'favicon.svg.gz',
        'boot.js',
      ]) {
        await rm(path.join(out, name), { recursive: true, force: true })
      }
    },
    // It has a hashed name, see boot.
    closeBundle: () => rm(path.join(out, 'boot.js'), { force: true }),
  }
}

// boot gives the script that runs before the first paint a hashed name.
function boot(): Plugin {
  let name = ''
  return {
    name: 'boot',
    apply: 'build',
    async generateBundle() {
      const source = await readFile(path.resolve(import.meta.dirname, 'public/boot.js'))
      name = `assets/boot-${createHash('sha256').update(source).digest('base64url').slice(0, 8)}.js`
      this.emitFile({ type: 'asset', fileName: name, source })
    },
    transformIndexHtml: { order: 'post', handler: html => html.replace('"/boot.js"', () => `"/${name}"`) },
  }
}

// preload writes which files each route needs, so that the server can name them
// in the page and the browser asks for them at once.
function preload(): Plugin {
  return {
    name: 'preload',
    apply: 'build',
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle).filter(c => c.type === 'chunk')
      const byFile = new Map(chunks.map(c => [c.fileName, c]))
      const closure = (file: string, seen = new Set<string>()): Set<string> => {
        if (!seen.has(file)) {
          seen.add(file)
          for (const next of byFile.get(file)?.imports ?? []) closure(next, seen)
        }
        return seen
      }
      const entry = chunks.find(c => c.isEntry)
      const first = entry ? closure(entry.fileName) : new Set<string>()
      const table = Object.entries(routes).map(([route, module]) => {
        const chunk = chunks.find(c => c.facadeModuleId?.endsWith(`/src/${module}`))
        const files = chunk ? [...closure(chunk.fileName)].filter(f => !first.has(f)) : []
        return { path: route, files: files.map(f => `/${f}`) }
      })
      this.emitFile({ type: 'asset', fileName: 'preload.json', source: JSON.stringify(table, null, 1) })
    },
  }
}

// compress writes .br and .gz beside each file, so that serving costs nothing.
function compress(): Plugin {
  return {
    name: 'compress',
    apply: 'build',
    enforce: 'post',
    async writeBundle(_, bundle) {
      for (const name of [...Object.keys(bundle), 'favicon.svg']) {
        if (!/\.(js|css|html|svg)$/.test(name)) continue
        const source = await readFile(path.join(out, name)).catch(() => undefined)
        if (source === undefined || source.length < 400) continue
        await writeFile(`${path.join(out, name)}.gz`, gzipSync(source, { level: 9 }))
        const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: source.length }
        await writeFile(`${path.join(out, name)}.br`, brotliCompressSync(source, { params }))
      }
    },
  }
}

export default defineConfig({
  plugins: [react(), tidy(), boot(), preload(), compress()],
  resolve: { alias: { '~': path.resolve(import.meta.dirname, 'src') } },
  build: {
    outDir: out,
    emptyOutDir: false,
    copyPublicDir: true,
    target: 'es2023',
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // Few files on a first visit, and libraries that stay cached when we change.
        codeSplitting: {
          groups: [
            {
              name: 'vendor',
              test: /node_modules[\\/](react|react-dom|scheduler|@tanstack|@connectrpc|@bufbuild)[\\/](?!.*virtual)/,
            },
            {
              name: 'base',
              test: /src[\\/](kit|api|gen|i18n[\\/](?!ja|en[\\/](deployment[.]|applicationPage|pipeds|add[.]|welcome|late))|features[\\/](preferences|login))/,
            },
          ],
        },
      },
    },
  },
  worker: { format: 'es' },
  server: {
    port: 5173,
    strictPort: true,
    // PIPECD is the address of a running control plane.
    proxy: {
      '/pipecd.web.v1.WebService': { target: process.env.PIPECD ?? 'http://127.0.0.1:8080', changeOrigin: true },
    },
  },
  test: {
    globals: true,
    restoreMocks: true,
    testTimeout: 30_000,
    // Only what renders pays for a page.
    projects: [
      {
        extends: true,
        test: { name: 'plain', environment: 'node', include: ['src/**/*.test.ts'], setupFiles: ['src/test/texts.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'page',
          environment: 'jsdom',
          include: ['src/**/*.test.tsx'],
          setupFiles: ['src/test/texts.ts', 'src/test/setup.ts'],
        },
      },
    ],
  },
})
