import { fromBinary, toBinary } from '@bufbuild/protobuf'
import type { QueryClient } from '@tanstack/react-query'
import { SubscribeResponseSchema, type TopicError, TopicSchema } from '~/gen/pipecd/web/v1/subscribe_pb'
import { now } from '../clock'
import { Store } from '../store'
import { fold, Refresher } from './fold'
import { emptyLog, foldLog, nextIndex, type StageLog } from './logs'
import type { FromHub, LiveState, Port, ToHub } from './protocol'
import { type LiveTopic, type LogId, logKey, logTopic, message } from './topics'

export const tabLimits = {
  ping: 30_000,
  pollEvery: 5000,
  calmAfter: 60_000, // ms hidden, after which a tab follows nothing
  logLinger: 5 * 60_000, // ms a log is kept after nobody shows it
} as const

// ReadLog reads a log from an index on, one page.
export type ReadLog = (id: LogId, offset: bigint) => Promise<StageLog & { more: boolean }>

interface Following {
  topic: () => LiveTopic
  count: number
}

interface Log {
  id: LogId
  store: Store<StageLog>
  error: Store<unknown>
  users: number
  loading: Promise<void> | undefined
  drop: ReturnType<typeof setTimeout> | undefined
}

// LiveTab is a tab's side: it counts who follows what, tells the hub, and folds
// what comes into the query cache and into logs.
export class LiveTab {
  readonly state = new Store<LiveState>('idle')
  // When the stream was last there, while it is not; 0 before it first was.
  readonly liveUntil = new Store(0)
  private following = new Map<string, Following>()
  private logs = new Map<string, Log>()
  private calm = false
  private telling = false
  private pollTimer: ReturnType<typeof setInterval> | undefined
  private readonly refresher: Refresher
  private readonly hub: Port<ToHub>
  private readonly client: QueryClient
  private readonly readLog: ReadLog

  constructor(hub: Port<ToHub>, client: QueryClient, readLog: ReadLog) {
    this.hub = hub
    this.client = client
    this.readLog = readLog
    this.refresher = new Refresher(client)
  }

  // follow follows a topic until the returned function is called. Several
  // followers of one topic are one for the hub.
  follow(topic: LiveTopic): () => void {
    return this.add(topic.key, () => topic)
  }

  private add(key: string, topic: () => LiveTopic): () => void {
    const entry = this.following.get(key)
    if (entry) entry.count++
    else {
      this.following.set(key, { topic, count: 1 })
      this.tell()
    }
    let done = false
    return () => {
      if (done) return
      done = true
      const e = this.following.get(key)
      if (!e || --e.count > 0) return
      this.following.delete(key)
      this.tell()
    }
  }

  // tell says once, after all changes of this turn, what the tab follows.
  private tell(): void {
    if (this.telling) return
    this.telling = true
    queueMicrotask(() => {
      this.telling = false
      const topics = this.calm ? [] : [...this.following.values()].map(f => toBinary(TopicSchema, message(f.topic())))
      this.hub.postMessage({ type: 'follow', topics })
    })
  }

  // receive takes a message of the hub.
  receive(m: FromHub): void {
    switch (m.type) {
      case 'state':
        return this.entered(m.state)
      case 'who':
        return this.tell()
      case 'opened':
        return this.opened(m.keys)
      case 'event':
        return this.event(m.event)
    }
  }

  private entered(state: LiveState): void {
    if (this.state.get() === 'live' && state !== 'live') this.liveUntil.set(now())
    this.state.set(state)
    clearInterval(this.pollTimer)
    if (state === 'polling') {
      this.poll()
      this.pollTimer = setInterval(() => this.poll(), tabLimits.pollEvery)
    }
  }

  private poll(): void {
    if (this.calm) return
    for (const { topic } of this.following.values()) {
      const { queryKey } = topic()
      if (queryKey) void this.refresher.refresh(queryKey)
    }
    for (const log of this.logs.values()) if (log.users > 0 && !log.store.get().completed) void this.load(log)
  }

  // A list sends nothing at first, so what changed before is asked for.
  private opened(opened: readonly string[]): void {
    for (const key of opened) {
      const topic = this.following.get(key)?.topic()
      if (topic?.list && topic.queryKey) void this.refresher.refresh(topic.queryKey)
    }
  }

  private event(bytes: Uint8Array): void {
    const { key, event } = fromBinary(SubscribeResponseSchema, bytes)
    switch (event.case) {
      case 'stageLog': {
        const log = this.logs.get(key)
        if (log) this.extend(log, event.value)
        return
      }
      case 'list':
      case 'error': {
        const topic = this.following.get(key)?.topic()
        if (topic?.queryKey)
          void this.refresher.refresh(topic.queryKey) // which gives the error to whoever shows it
        else if (event.case === 'error') this.failed(key, event.value)
        return
      }
      default:
        fold(this.client, event)
    }
  }

  private failed(key: string, error: TopicError): void {
    const log = this.logs.get(key)
    if (log) void this.load(log).then(() => log.store.get().completed || log.error.set(error))
  }

  // --- logs

  // log returns a log's stores. Use it with openLog.
  log(id: LogId): Log {
    const key = logKey(id)
    let log = this.logs.get(key)
    if (!log) {
      log = {
        id,
        store: new Store(emptyLog),
        error: new Store<unknown>(undefined),
        users: 0,
        loading: undefined,
        drop: undefined,
      }
      this.logs.set(key, log)
    }
    return log
  }

  // openLog keeps the log current until the returned function is called: what is
  // there is read page by page, what is added comes down the stream.
  openLog(id: LogId): () => void {
    const log = this.log(id)
    log.users++
    clearTimeout(log.drop)
    let unfollow = () => {}
    let closed = false
    void this.load(log).finally(() => {
      if (closed || log.store.get().completed) return
      unfollow = this.add(logKey(id), () => logTopic(id, nextIndex(log.store.get())))
    })
    const stop = log.store.subscribe(() => {
      if (log.store.get().completed) unfollow()
    })
    return () => {
      closed = true
      stop()
      unfollow()
      if (--log.users === 0) log.drop = setTimeout(() => this.logs.delete(logKey(id)), tabLimits.logLinger)
    }
  }

  // reloadLog tries again to read a log that could not be read.
  reloadLog(id: LogId): void {
    void this.load(this.log(id))
  }

  private load(log: Log): Promise<void> {
    log.loading ??= this.read(log).finally(() => {
      log.loading = undefined
    })
    return log.loading
  }

  private async read(log: Log): Promise<void> {
    if (log.store.get().completed) return
    try {
      for (let more = true; more; ) {
        const page = await this.readLog(log.id, nextIndex(log.store.get()))
        this.extend(log, page.more ? { ...page, completed: false } : page)
        more = page.more && page.blocks.length > 0
      }
      log.error.set(undefined)
    } catch (error) {
      log.error.set(error)
    }
  }

  private extend(
    log: Log,
    part: Pick<StageLog, 'completed'> & { blocks: readonly StageLog['blocks'][number][] },
  ): void {
    log.store.set(foldLog(log.store.get(), { blocks: [...part.blocks], completed: part.completed }))
  }

  // --- the tab's life

  // retry has the hub try at once: there is a session, or a network, again.
  retry(): void {
    this.hub.postMessage({ type: 'retry' })
  }

  ping(): void {
    this.hub.postMessage({ type: 'ping' })
  }

  // setCalm follows nothing while nobody looks, and catches up afterwards.
  setCalm(calm: boolean): void {
    if (calm === this.calm) return
    this.calm = calm
    this.tell()
    if (!calm && this.state.get() === 'polling') this.poll()
  }

  bye(): void {
    this.hub.postMessage({ type: 'bye' })
  }

  hello(): void {
    this.tell()
  }
}
