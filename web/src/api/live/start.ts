import type { QueryClient } from '@tanstack/react-query'
import { newRawApi } from '../raw'
import { api } from '../transport'
import { Hub } from './hub'
import type { FromHub, Port, ToHub } from './protocol'
import { LiveTab, type ReadLog, tabLimits } from './tab'

const readLog: ReadLog = async (id, offset) => {
  const { blocks, completed, more } = await api.getStageLog({ ...id, offsetIndex: offset })
  return { blocks, completed, more }
}

// startLive connects this tab to the hub and minds the tab's life: hidden,
// frozen, closed, back on the network.
export function startLive(client: QueryClient): LiveTab {
  const early: FromHub[] = []
  let receive = (m: FromHub): unknown => early.push(m)
  const hub = connectHub(m => receive(m))
  const tab = new LiveTab(hub, client, readLog)
  receive = m => tab.receive(m)
  for (const m of early) tab.receive(m)

  let calming: ReturnType<typeof setTimeout> | undefined
  document.addEventListener('visibilitychange', () => {
    clearTimeout(calming)
    if (document.hidden) calming = setTimeout(() => tab.setCalm(true), tabLimits.calmAfter)
    else tab.setCalm(false)
  })
  addEventListener('online', () => tab.retry())
  addEventListener('pagehide', () => tab.bye())
  addEventListener('pageshow', event => (event as PageTransitionEvent).persisted && tab.hello())
  setInterval(() => tab.ping(), tabLimits.ping)
  return tab
}

function connectHub(receive: (m: FromHub) => void): Port<ToHub> {
  if (typeof SharedWorker === 'function') {
    try {
      const worker = new SharedWorker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'pipecd-live' })
      worker.port.onmessage = (m: MessageEvent<FromHub>) => receive(m.data)
      return worker.port
    } catch {
      // A browser that refuses the worker still has this tab.
    }
  }
  const raw = newRawApi()
  const hub = new Hub((topics, signal) => raw.subscribe({ topics }, { signal }))
  const port: Port<FromHub> = { postMessage: m => queueMicrotask(() => receive(m)) }
  return { postMessage: m => hub.receive(port, m) }
}
