import { createContext, type ReactNode, useContext, useEffect, useMemo, useSyncExternalStore } from 'react'
import { useStore } from '../store'
import { reachable } from '../transport'
import type { StageLog } from './logs'
import type { LiveTab } from './tab'
import { type LiveTopic, type LogId, logKey } from './topics'

const LiveContext = createContext<LiveTab | undefined>(undefined)

export function LiveProvider({ tab, children }: { tab: LiveTab; children: ReactNode }) {
  return <LiveContext value={tab}>{children}</LiveContext>
}

export function useLiveTab(): LiveTab {
  const tab = useContext(LiveContext)
  if (!tab) throw new Error('useLiveTab outside of LiveProvider')
  return tab
}

// useTopic keeps what the topic names current in the query cache while the
// component is mounted: useTopic(deploymentTopic(id)).
export function useTopic(topic: LiveTopic | undefined): void {
  const tab = useLiveTab()
  const key = topic?.key
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the topic, which is made anew at each render
  useEffect(() => (topic ? tab.follow(topic) : undefined), [tab, key])
}

export interface LiveLog extends StageLog {
  readonly error: unknown
  retry(): void
}

// useStageLog returns a stage's log and keeps it current. Only ask for stages
// that have started.
export function useStageLog(id: LogId): LiveLog {
  const tab = useLiveTab()
  const key = logKey(id)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the id
  const log = useMemo(() => tab.log(id), [tab, key])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the id
  useEffect(() => tab.openLog(id), [tab, key])
  const state = useStore(log.store)
  const error = useStore(log.error)
  return { ...state, error, retry: () => tab.reloadLog(log.id) }
}

export type Liveness = 'idle' | 'connecting' | 'live' | 'polling' | 'offline'

function subscribeOnline(listener: () => void): () => void {
  addEventListener('online', listener)
  addEventListener('offline', listener)
  return () => {
    removeEventListener('online', listener)
    removeEventListener('offline', listener)
  }
}

// useLiveness says how current the page is.
export function useLiveness(): Liveness {
  const state = useStore(useLiveTab().state)
  const answers = useStore(reachable)
  const online = useSyncExternalStore(subscribeOnline, () => navigator.onLine)
  if (state === 'live') return 'live'
  if (!online || !answers) return 'offline'
  return state === 'refused' ? 'idle' : state
}
