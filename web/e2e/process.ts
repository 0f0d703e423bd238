import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'

// Where the programs are: pipecd, piped, surroundings.
export const bin = process.env.PIPECD_BIN ?? path.resolve(import.meta.dirname, '../../bin')

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port is free')
  return address.port
}

export interface Started {
  readonly process: ChildProcess
  stop(): Promise<void>
}

interface Options {
  cwd?: string
  env?: Record<string, string>
  // Both outputs go there.
  log: string
}

// start runs a program until it is stopped. Its standard input stays open, and
// is closed when it is stopped.
export function start(program: string, args: readonly string[], options: Options): Started {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const log = createWriteStream(options.log, { flags: 'a' })
  child.stdout.pipe(log, { end: false })
  child.stderr.pipe(log, { end: false })
  child.once('error', error => log.write(`${error}\n`))
  return {
    process: child,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
        const gone = once(child, 'exit')
        child.stdin.end()
        child.kill('SIGTERM')
        const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
        await gone
        clearTimeout(late)
      }
      log.end()
    },
  }
}
