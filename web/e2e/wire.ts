import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

const subscribe = '/pipecd.web.v1.WebService/Subscribe'

// Wire stands between a browser and the control plane, to be cut and mended.
export class Wire {
  private readonly open = new Map<Socket, string>() // and the last request on it
  private up = true
  private readonly server: Server
  readonly url: string

  private constructor(server: Server, url: string) {
    this.server = server
    this.url = url
  }

  static async to(address: string): Promise<Wire> {
    const [host = '', port] = address.split(':')
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const at = server.address()
    if (at === null || typeof at === 'string') throw new Error('no port is free')
    const wire = new Wire(server, `http://127.0.0.1:${at.port}`)
    server.on('connection', browser => wire.join(browser, connect(Number(port), host)))
    return wire
  }

  private join(browser: Socket, plane: Socket): void {
    const end = () => {
      this.open.delete(browser)
      browser.destroy()
      plane.destroy()
    }
    for (const s of [browser, plane]) s.on('error', end).on('close', end)
    if (!this.up) return end()
    this.open.set(browser, '')
    browser.on('data', (data: Buffer) => {
      const request = /^(?:GET|POST) (\S+) HTTP/.exec(data.toString('latin1', 0, 300))
      if (request?.[1]) this.open.set(browser, request[1])
      plane.write(data)
    })
    plane.pipe(browser)
  }

  // streams is how many streams of changes are open.
  streams(): number {
    return [...this.open.values()].filter(path => path === subscribe).length
  }

  // cut ends every connection and lets none come about until it is mended.
  cut(): void {
    this.up = false
    for (const socket of this.open.keys()) socket.destroy()
  }

  mend(): void {
    this.up = true
  }

  async close(): Promise<void> {
    this.cut()
    this.server.close()
    await once(this.server, 'close')
  }
}
