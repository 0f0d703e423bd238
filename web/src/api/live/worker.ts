// The SharedWorker: one hub, one stream for all tabs.
import { newRawApi } from '../raw'
import { Hub } from './hub'
import type { FromHub, Port, ToHub } from './protocol'

const api = newRawApi()
const hub = new Hub((topics, signal) => api.subscribe({ topics }, { signal }))

const scope = globalThis as unknown as { onconnect: (event: MessageEvent) => void }

scope.onconnect = event => {
  const port = event.ports[0]
  if (!port) return
  port.onmessage = (m: MessageEvent<ToHub>) => hub.receive(port as Port<FromHub>, m.data)
}
