import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type SubscribeResponse,
  SubscribeResponseSchema,
  type Topic,
  TopicSchema,
} from '~/gen/pipecd/web/v1/subscribe_pb'
import { Hub, limits } from './hub'
import type { FromHub, Port } from './protocol'
import { deploymentTopic, type LiveTopic, logTopic, message } from './topics'

// Stream is one stream of the fake control plane, steered by the test.
class Stream implements AsyncIterable<SubscribeResponse> {
  readonly topics: Topic[]
  readonly signal: AbortSignal
  private queue: (SubscribeResponse | Error | 'end')[] = []
  private wake = () => {}

  constructor(topics: Topic[], signal: AbortSignal) {
    this.topics = topics
    this.signal = signal
    signal.addEventListener('abort', () => this.fail(new ConnectError('aborted', Code.Canceled)))
  }

  send(event: MessageInitShape<typeof SubscribeResponseSchema>): void {
    this.queue.push(create(SubscribeResponseSchema, event))
    this.wake()
  }

  beat(): void {
    this.send({ event: { case: 'heartbeat', value: { intervalMs: 15_000n } } })
  }

  log(key: string, ...indexes: number[]): void {
    const blocks = indexes.map(i => ({ index: BigInt(i), log: `line ${i}` }))
    this.send({ key, event: { case: 'stageLog', value: { blocks } } })
  }

  fail(error: Error): void {
    this.queue.push(error)
    this.wake()
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      const next = this.queue.shift()
      if (next === undefined) {
        await new Promise<void>(resolve => {
          this.wake = resolve
        })
      } else if (next instanceof Error) throw next
      else if (next === 'end') return
      else yield next
    }
  }
}

class Tab implements Port<FromHub> {
  readonly got: FromHub[] = []
  private readonly hub: Hub

  constructor(hub: Hub) {
    this.hub = hub
  }

  postMessage(m: FromHub): void {
    this.got.push(m)
  }

  follow(...topics: LiveTopic[]): void {
    this.hub.receive(this, { type: 'follow', topics: topics.map(t => toBinary(TopicSchema, message(t))) })
  }

  get states(): string[] {
    return this.got.flatMap(m => (m.type === 'state' ? [m.state] : []))
  }

  get indexes(): number[] {
    return this.got.flatMap(m => {
      if (m.type !== 'event') return []
      const { event } = fromBinary(SubscribeResponseSchema, m.event)
      return event.case === 'stageLog' ? event.value.blocks.map(b => Number(b.index)) : []
    })
  }
}

function setup() {
  const streams: Stream[] = []
  const hub = new Hub(
    (topics, signal) => {
      const s = new Stream(
        topics.map(t => fromBinary(TopicSchema, toBinary(TopicSchema, t))),
        signal,
      )
      streams.push(s)
      return s
    },
    () => 1,
  )
  const last = () => streams.at(-1) as Stream
  return { hub, streams, last, tab: () => new Tab(hub) }
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
const log = { deploymentId: 'd', stageId: 's', retriedCount: 0 }
const logKey = logTopic(log, 0n).key

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the hub', () => {
  it('follows for all tabs on one stream', async () => {
    const w = setup()
    const [a, b] = [w.tab(), w.tab()]
    a.follow(deploymentTopic('1'))
    b.follow(deploymentTopic('1'), deploymentTopic('2'))
    await pass(limits.settle)
    expect(w.streams).toHaveLength(1)
    expect(w.last().topics.map(t => t.key)).toEqual(['deployment/1', 'deployment/2'])
    w.last().beat()
    w.last().send({ key: 'deployment/2', event: { case: 'deployment', value: { id: '2' } } })
    await pass(0)
    expect(a.got.filter(m => m.type === 'event')).toHaveLength(0)
    expect(b.got.filter(m => m.type === 'event')).toHaveLength(1)
    expect(a.states.at(-1)).toBe('live')
  })

  it('keeps the old stream until the new one lives', async () => {
    const w = setup()
    const a = w.tab()
    a.follow(deploymentTopic('1'))
    await pass(limits.settle)
    w.last().beat()
    await pass(0)
    a.follow(deploymentTopic('1'), deploymentTopic('2'))
    await pass(limits.settle)
    const [old, next] = w.streams
    expect(old?.signal.aborted).toBe(false)
    old?.send({ key: 'deployment/1', event: { case: 'deployment', value: { id: '1' } } })
    await pass(0)
    expect(a.got.some(m => m.type === 'event')).toBe(true)
    next?.beat()
    await pass(0)
    expect(old?.signal.aborted).toBe(true)
    expect(a.states).not.toContain('polling')
    expect(a.states.filter(s => s === 'connecting')).toHaveLength(1)
  })

  it('continues a log where it was when the stream broke', async () => {
    const w = setup()
    const a = w.tab()
    a.follow(logTopic(log, 0n))
    await pass(limits.settle)
    w.last().beat()
    w.last().log(logKey, 0, 1, 2)
    await pass(0)
    w.last().fail(new ConnectError('gone', Code.Unavailable))
    await pass(limits.firstWait)
    const of = w.last().topics[0]?.of
    expect(w.streams).toHaveLength(2)
    expect(of?.case === 'stageLog' && of.value.offsetIndex).toBe(3n)
    w.last().beat()
    w.last().log(logKey, 3)
    await pass(0)
    expect(a.indexes).toEqual([0, 1, 2, 3])
  })

  it('begins a log anew for a tab that comes later, and only that tab sees it twice or late', async () => {
    const w = setup()
    const [a, b] = [w.tab(), w.tab()]
    a.follow(logTopic(log, 0n))
    await pass(limits.settle)
    w.last().beat()
    w.last().log(logKey, 0, 1, 2)
    await pass(0)
    b.follow(logTopic(log, 0n))
    w.last().log(logKey, 3) // before the new stream: b must not get it without what is before
    await pass(limits.settle)
    expect(b.indexes).toEqual([])
    const of = w.last().topics[0]?.of
    expect(of?.case === 'stageLog' && of.value.offsetIndex).toBe(0n)
    w.last().beat()
    w.last().log(logKey, 0, 1, 2, 3)
    w.last().log(logKey, 4)
    await pass(0)
    expect(b.indexes).toEqual([0, 1, 2, 3, 4])
    expect(new Set(a.indexes)).toEqual(new Set([0, 1, 2, 3, 4]))
  })

  it('waits longer after each failure, says polling after three, and live again', async () => {
    const w = setup()
    const a = w.tab()
    a.follow(deploymentTopic('1'))
    await pass(limits.settle)
    const waits: number[] = []
    for (let i = 1; i <= 8; i++) {
      w.last().fail(new ConnectError('no', Code.Unavailable))
      let waited = 0
      while (w.streams.length === i) {
        await pass(100)
        waited += 100
      }
      waits.push(waited)
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000])
    expect(a.states).toEqual(['idle', 'connecting', 'polling'])
    w.last().beat()
    await pass(0)
    expect(a.states.at(-1)).toBe('live')
  })

  it('takes a stream without a first heartbeat for broken', async () => {
    const w = setup()
    w.tab().follow(deploymentTopic('1'))
    await pass(limits.settle)
    await pass(limits.firstBeat)
    expect(w.streams[0]?.signal.aborted).toBe(true)
    await pass(limits.firstWait)
    expect(w.streams).toHaveLength(2)
  })

  it('takes a stream that went silent for broken', async () => {
    const w = setup()
    w.tab().follow(deploymentTopic('1'))
    await pass(limits.settle)
    w.last().beat()
    await pass(20_000)
    expect(w.streams[0]?.signal.aborted).toBe(false)
    await pass(15_000)
    expect(w.streams[0]?.signal.aborted).toBe(true)
  })

  it('stops when there is no session, until told to try again', async () => {
    const w = setup()
    const a = w.tab()
    a.follow(deploymentTopic('1'))
    await pass(limits.settle)
    w.last().fail(new ConnectError('log in', Code.Unauthenticated))
    await pass(60_000)
    expect(a.states.at(-1)).toBe('refused')
    expect(w.streams).toHaveLength(1)
    w.hub.receive(a, { type: 'retry' })
    await pass(0)
    expect(w.streams).toHaveLength(2)
  })

  it('rests when nobody follows anything, and forgets tabs that fell silent', async () => {
    const w = setup()
    const [a, b] = [w.tab(), w.tab()]
    a.follow(deploymentTopic('1'))
    b.follow(deploymentTopic('2'))
    await pass(limits.settle)
    w.last().beat()
    await pass(0)
    w.hub.receive(b, { type: 'bye' })
    for (let i = 0; i < 8; i++) {
      w.last().beat()
      await pass(30_000)
    }
    const c = w.tab()
    w.hub.receive(c, { type: 'ping' })
    await pass(limits.settle)
    expect(c.got).toContainEqual({ type: 'who' })
    expect(w.last().signal.aborted).toBe(true)
    expect(a.states.at(-1)).not.toBe('polling')
  })

  it('goes on without a topic that is refused', async () => {
    const w = setup()
    const a = w.tab()
    a.follow(deploymentTopic('1'), deploymentTopic('2'))
    await pass(limits.settle)
    w.last().beat()
    w.last().send({
      key: 'deployment/2',
      event: { case: 'error', value: { code: Code.NotFound, message: 'no such deployment' } },
    })
    await pass(1000)
    expect(w.streams).toHaveLength(1)
    expect(w.last().signal.aborted).toBe(false)
  })

  it('loses and doubles nothing, whatever breaks when', async () => {
    const lines = 60
    for (let seed = 1; seed <= 12; seed++) {
      let state = seed
      const random = () => {
        state = (state * 1103515245 + 12345) % 2147483648
        return state / 2147483648
      }
      const w = setup()
      const a = w.tab()
      const seen = new Set<number>()
      const at = new WeakMap<Stream, number>()
      a.follow(logTopic(log, 0n))
      await pass(limits.settle)
      for (let step = 0; step < 4000 && seen.size < lines; step++) {
        const s = w.last()
        const of = s.topics[0]?.of
        const next = at.get(s) ?? Number(of?.case === 'stageLog' ? of.value.offsetIndex : 0n)
        if (!at.has(s)) s.beat()
        const many = Math.min(lines - next, 1 + Math.floor(random() * 5))
        if (random() < 0.15) s.fail(new ConnectError('broken', Code.Unavailable))
        else if (many > 0) s.log(logKey, ...Array.from({ length: many }, (_, i) => next + i))
        at.set(s, next + (s.signal.aborted ? 0 : many))
        await pass(random() < 0.3 ? 20_000 : 10)
        if (next === lines || step % 20 === 0) for (const i of a.indexes) seen.add(i)
      }
      expect(
        [...seen].sort((x, y) => x - y),
        `seed ${seed}`,
      ).toEqual(Array.from({ length: lines }, (_, i) => i))
      // With one tab nothing comes twice either.
      expect(a.indexes.length, `seed ${seed}`).toBe(lines)
      w.hub.receive(a, { type: 'bye' })
      await pass(limits.settle)
    }
  })
})
