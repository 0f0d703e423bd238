import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { bin, freePort, type Started, start } from './process'

const run = promisify(execFile)

// What the program surroundings prints.
interface Surroundings {
  cloud: string
  workTree: string
  controlPlaneFile: string
  project: string
  username: string
  password: string
  pipedSettings: string
  agentEnvironment: string[]
}

// Fault is how a bad release behaves.
export type Fault = 'errors' | 'drop'

// World is the control plane, and around it the simulated cloud with real
// traffic and the sample repository. Who wants an agent adds and starts one, as
// a user does.
export class World {
  private readonly running: Started[]
  private piped: Started | undefined
  readonly directory: string
  readonly address: string
  readonly around: Surroundings

  private constructor(directory: string, address: string, around: Surroundings, running: Started[]) {
    this.directory = directory
    this.address = address
    this.around = around
    this.running = running
  }

  static async start(): Promise<World> {
    const directory = await mkdtemp(path.join(tmpdir(), 'pipecd-browser-'))
    // Long enough to be looked at on a busy machine.
    const outside = start(
      path.join(bin, 'surroundings'),
      [`--data-dir=${path.join(directory, 'world')}`, '--analysis=20s'],
      { log: path.join(directory, 'surroundings.log') },
    )
    const around = JSON.parse(await firstLine(outside)) as Surroundings
    const [port, admin] = [await freePort(), await freePort()]
    const address = `127.0.0.1:${port}`
    const server = start(
      path.join(bin, 'pipecd'),
      [
        'server',
        `--config-file=${around.controlPlaneFile}`,
        `--data-dir=${path.join(directory, 'plane')}`,
        '--insecure-cookie',
        '--host=127.0.0.1',
        `--port=${port}`,
        `--admin-port=${admin}`,
      ],
      { log: path.join(directory, 'pipecd.log') },
    )
    const world = new World(directory, address, around, [outside, server])
    await world.answers()
    return world
  }

  get url(): string {
    return `http://${this.address}`
  }

  async stop(): Promise<void> {
    await this.piped?.stop()
    for (const p of this.running.toReversed()) await p.stop()
    if (!process.env.KEEP) await rm(this.directory, { recursive: true, force: true })
  }

  // shell runs a command as a user would paste it, with what they type after it.
  async shell(command: string, typed = ''): Promise<void> {
    const cwd = await this.pipedDirectory()
    const child = run('bash', ['-euc', command], { cwd })
    child.child.stdin?.end(typed)
    await child
  }

  async pipedDirectory(): Promise<string> {
    const directory = path.join(this.directory, 'piped')
    await mkdir(directory, { recursive: true })
    return directory
  }

  async writePipedFile(name: string, text: string): Promise<void> {
    await writeFile(path.join(await this.pipedDirectory(), name), text)
  }

  // addSettings fills in repositories and providers, as a user does in an editor.
  async addSettings(name: string): Promise<void> {
    const file = path.join(await this.pipedDirectory(), name)
    await writeFile(file, (await readFile(file, 'utf8')) + this.around.pipedSettings)
  }

  // startPiped runs the command that starts an agent; one that runs is stopped.
  async startPiped(command: string): Promise<void> {
    await this.piped?.stop()
    const environment = Object.fromEntries(
      this.around.agentEnvironment.map(e => [e.slice(0, e.indexOf('=')), e.slice(e.indexOf('=') + 1)]),
    )
    this.piped = start('bash', ['-c', `exec ${command}`], {
      cwd: await this.pipedDirectory(),
      env: { ...environment, PIPED_DATA_DIR: path.join(this.directory, 'piped-data') },
      log: path.join(this.directory, 'piped.log'),
    })
  }

  // release commits and pushes a version of the sample application.
  async release(version: string, message: string, fault?: Fault): Promise<void> {
    const file = path.join(this.around.workTree, 'taskdef.yaml')
    const text = (await readFile(file, 'utf8'))
      .replace(/(image: \S+):\S+/, `$1:${version}`)
      .replace(/ {4}environment:\n(?: {6}.*\n)+/, '')
    const faulty = `    environment:\n      - name: FAULT\n        value: ${fault}\n      - name: FAULT_RATE\n        value: "60"\n`
    await writeFile(file, fault ? text.replace('requiresCompatibilities', `${faulty}requiresCompatibilities`) : text)
    await this.git('commit', '--quiet', '--all', '--message', message)
    await this.git('push', '--quiet', 'origin', 'main')
  }

  private async git(...args: string[]): Promise<void> {
    await run('git', ['-c', 'user.name=mika', '-c', 'user.email=mika@example.com', ...args], {
      cwd: this.around.workTree,
    })
  }

  private async answers(): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      const answer = await fetch(this.url).catch(() => undefined)
      if (answer?.ok) return
      await new Promise(resolve => setTimeout(resolve, 100))
    }
    throw new Error(`the control plane does not answer, see ${this.directory}/pipecd.log`)
  }
}

async function firstLine(of: Started): Promise<string> {
  const { stdout } = of.process
  if (!stdout) throw new Error('no output')
  for await (const line of createInterface({ input: stdout })) return line
  throw new Error('the surroundings ended before they said where they are')
}
