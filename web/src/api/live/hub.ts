import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import {
  type SubscribeResponse,
  SubscribeResponseSchema,
  type Topic,
  TopicSchema,
} from '~/gen/pipecd/web/v1/subscribe_pb'
import type { FromHub, LiveState, Port, ToHub } from './protocol'

// Open opens a stream that follows the topics until the signal aborts.
export type Open = (topics: Topic[], signal: AbortSignal) => AsyncIterable<SubscribeResponse>

export const limits = {
  settle: 40, // ms in which changes of topics are gathered
  firstBeat: 6000, // ms; a proxy that holds answers back shows by a missing first heartbeat
  firstWait: 500, // ms before the second try
  longestWait: 15_000,
  failuresToPoll: 3,
  stable: 10_000, // ms a stream must have lived for its end to count as the first failure again
  silentTab: 200_000, // ms; a hidden tab's timers run once a minute
  topics: 64, // of one stream; the contract's limit
} as const

// Run is one stream.
interface Run {
  controller: AbortController
  topics: Topic[]
  // Of each log, the index the stream has come to.
  progress: Map<string, bigint>
  opened: number
}

interface Tab {
  port: Port<FromHub>
  topics: Map<string, Topic>
  heard: number
}

// Hub follows on one stream what all tabs want to follow. A change of topics
// opens a new stream and closes the old one only when the new one lives, so
// nothing is missed in between. After a failure it waits, longer each time.
export class Hub {
  private tabs = new Map<Port<FromHub>, Tab>()
  private current: Run | undefined // the stream that lives
  private opening: Run | undefined
  private following = '' // what the newest stream follows
  private failures = 0
  private state: LiveState = 'idle'
  private settleTimer: ReturnType<typeof setTimeout> | undefined
  private retryTimer: ReturnType<typeof setTimeout> | undefined
  private readonly open: Open
  private readonly random: () => number

  constructor(open: Open, random: () => number = Math.random) {
    this.open = open
    this.random = random
  }

  // receive takes a tab's message.
  receive(port: Port<FromHub>, message: ToHub): void {
    const tab = this.tabs.get(port)
    if (tab) tab.heard = Date.now()
    switch (message.type) {
      case 'follow':
        this.follow(port, message.topics)
        break
      case 'ping':
        if (!tab) port.postMessage({ type: 'who' })
        this.forgetSilent()
        break
      case 'retry':
        if (this.state === 'polling' || this.state === 'refused' || this.retryTimer) this.connect()
        break
      case 'bye':
        this.tabs.delete(port)
        this.settle()
        break
    }
  }

  private follow(port: Port<FromHub>, encoded: readonly Uint8Array[]): void {
    const topics = encoded.map(bytes => fromBinary(TopicSchema, bytes))
    this.tabs.set(port, { port, topics: new Map(topics.map(t => [t.key, t])), heard: Date.now() })
    port.postMessage({ type: 'state', state: this.state })
    // A log that this tab wants from further back than the stream is must be
    // begun again from there; the other tabs know what they have.
    const progress = (this.opening ?? this.current)?.progress
    if (topics.some(t => offsetOf(t) < (progress?.get(t.key) ?? 0n))) this.following = ''
    this.settle()
  }

  private forgetSilent(): void {
    const limit = Date.now() - limits.silentTab
    for (const [port, tab] of this.tabs) if (tab.heard < limit) this.tabs.delete(port)
    this.settle()
  }

  private settle(): void {
    clearTimeout(this.settleTimer)
    this.settleTimer = setTimeout(() => {
      const wanted = this.wanted()
      const name = nameOf(wanted)
      if (name === this.following && (this.current || this.opening || this.retryTimer)) return
      if (wanted.length === 0) this.rest()
      else if (this.retryTimer === undefined && this.state !== 'refused') this.connect()
    }, limits.settle)
  }

  // wanted is the union of what tabs follow; of a log, from the earliest index.
  private wanted(): Topic[] {
    const union = new Map<string, Topic>()
    for (const tab of this.tabs.values()) {
      for (const [key, topic] of tab.topics) {
        const other = union.get(key)
        if (!other || offsetOf(topic) < offsetOf(other)) union.set(key, topic)
      }
    }
    return [...union.values()].sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limits.topics)
  }

  private rest(): void {
    this.stop()
    this.failures = 0
    this.say('idle')
  }

  private stop(): void {
    clearTimeout(this.retryTimer)
    this.retryTimer = undefined
    this.opening?.controller.abort()
    this.current?.controller.abort()
    this.opening = this.current = undefined
    this.following = ''
  }

  private connect(): void {
    clearTimeout(this.retryTimer)
    this.retryTimer = undefined
    const topics = this.wanted()
    if (topics.length === 0) return this.rest()
    this.opening?.controller.abort()
    const progress = new Map(topics.filter(t => t.of.case === 'stageLog').map(t => [t.key, offsetOf(t)]))
    const run = { controller: new AbortController(), topics, progress, opened: 0 }
    this.opening = run
    this.following = nameOf(topics)
    if (!this.current && this.state !== 'polling') this.say('connecting')
    void this.run(run)
  }

  private async run(run: Run): Promise<void> {
    const { controller } = run
    let watchdog = setTimeout(() => controller.abort(silent), limits.firstBeat)
    let interval: number = limits.firstBeat
    let failure: unknown
    try {
      for await (const event of this.open(run.topics, controller.signal)) {
        if (controller.signal.aborted) break
        clearTimeout(watchdog)
        if (this.opening === run) this.opened(run)
        if (event.event.case === 'heartbeat') interval = Number(event.event.value.intervalMs) || interval
        watchdog = setTimeout(() => controller.abort(silent), interval * 2 + limits.firstBeat / 2)
        this.deliver(run, event)
      }
    } catch (error) {
      failure = error
    }
    clearTimeout(watchdog)
    const replaced = this.opening !== run && this.current !== run
    if (!replaced) this.lost(run, failure)
  }

  private opened(run: Run): void {
    this.current?.controller.abort()
    this.current = run
    this.opening = undefined
    run.opened = Date.now()
    this.say('live')
    const keys = run.topics.map(t => t.key)
    for (const tab of this.tabs.values()) {
      const mine = keys.filter(key => tab.topics.has(key))
      if (mine.length > 0) tab.port.postMessage({ type: 'opened', keys: mine })
    }
  }

  private deliver(run: Run, event: SubscribeResponse): void {
    if (event.event.case === 'heartbeat') return
    const bytes = toBinary(SubscribeResponseSchema, event)
    const from = run.progress.get(event.key) ?? 0n
    const last = event.event.case === 'stageLog' ? event.event.value.blocks.at(-1)?.index : undefined
    for (const tab of this.tabs.values()) {
      const topic = tab.topics.get(event.key)
      // A tab that wants a log from further back waits for the stream that begins there.
      if (!topic || offsetOf(topic) < from) continue
      tab.port.postMessage({ type: 'event', event: bytes })
      if (last !== undefined) advance(topic, last)
      if (event.event.case === 'error') tab.topics.delete(event.key)
    }
    if (last !== undefined && last >= from) run.progress.set(event.key, last + 1n)
    // The stream goes on without the topic that failed; so must its name.
    if (event.event.case === 'error') this.following = nameOf(this.wanted())
  }

  private lost(run: Run, failure: unknown): void {
    if (this.opening === run) this.opening = undefined
    if (this.current === run) this.current = undefined
    run.controller.abort()
    if (failure !== undefined && ConnectError.from(failure).code === Code.Unauthenticated) {
      this.stop()
      return this.say('refused')
    }
    const lived = run.opened > 0 && Date.now() - run.opened >= limits.stable
    this.failures = lived ? 1 : this.failures + 1
    if (this.failures >= limits.failuresToPoll) this.say('polling')
    else if (!this.current) this.say('connecting')
    const wait = Math.min(limits.firstWait * 2 ** (this.failures - 1), limits.longestWait)
    clearTimeout(this.retryTimer)
    this.retryTimer = setTimeout(() => this.connect(), wait * (0.5 + this.random() / 2))
  }

  private say(state: LiveState): void {
    if (state === this.state) return
    this.state = state
    for (const tab of this.tabs.values()) tab.port.postMessage({ type: 'state', state })
  }
}

const silent = new ConnectError('the stream has been silent for too long', Code.Unavailable)

function offsetOf(topic: Topic): bigint {
  return topic.of.case === 'stageLog' ? topic.of.value.offsetIndex : 0n
}

function advance(topic: Topic, last: bigint): void {
  if (topic.of.case === 'stageLog' && last >= topic.of.value.offsetIndex) {
    topic.of.value.offsetIndex = last + 1n
  }
}

// nameOf names a set of topics without their offsets, which move on by themselves.
function nameOf(topics: Topic[]): string {
  return topics.map(t => t.key).join('\n')
}
