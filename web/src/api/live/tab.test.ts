import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { describe, expect, it, vi } from 'vitest'
import { type Deployment, DeploymentSchema, LogBlockSchema } from '~/gen/model/model_pb'
import { SubscribeResponseSchema, TopicSchema } from '~/gen/pipecd/web/v1/subscribe_pb'
import { keys } from '../keys'
import { Refresher } from './fold'
import { emptyLog, foldLog, nextIndex } from './logs'
import type { ToHub } from './protocol'
import { LiveTab, type ReadLog } from './tab'
import { deploymentsTopic, deploymentTopic, logKey } from './topics'

const block = (index: number) => create(LogBlockSchema, { index: BigInt(index), log: `line ${index}` })
const part = (...indexes: number[]) => ({ blocks: indexes.map(block), completed: false })
const indexesOf = (log: { blocks: readonly { index: bigint }[] }) => log.blocks.map(b => Number(b.index))

describe('folding a log', () => {
  it('keeps the same log when nothing is new', () => {
    const log = foldLog(emptyLog, part(0, 1))
    expect(foldLog(log, part(0, 1))).toBe(log)
    expect(foldLog(log, part())).toBe(log)
    expect(nextIndex(log)).toBe(2n)
    expect(nextIndex(emptyLog)).toBe(0n)
  })

  it('never forgets that it is completed', () => {
    const log = foldLog(emptyLog, { ...part(0), completed: true })
    expect(foldLog(log, part(1)).completed).toBe(true)
  })

  it('has each block once and in order, however the parts come', () => {
    for (let round = 0; round < 300; round++) {
      const n = 1 + Math.floor(Math.random() * 20)
      const parts = Array.from({ length: 30 }, () => {
        const from = Math.floor(Math.random() * n)
        return part(...Array.from({ length: Math.min(4, n - from) }, (_, i) => from + i))
      })
      for (let i = 0; i < n; i++) parts.push(part(i))
      parts.sort(() => Math.random() - 0.5)
      const log = parts.reduce(foldLog, emptyLog)
      expect(indexesOf(log)).toEqual(Array.from({ length: n }, (_, i) => i))
    }
  })
})

function setup(readLog: ReadLog = async () => ({ blocks: [], completed: true, more: false })) {
  const client = new QueryClient()
  const sent: ToHub[] = []
  const tab = new LiveTab({ postMessage: m => sent.push(m) }, client, readLog)
  const followed = () => {
    const last = sent.findLast(m => m.type === 'follow')
    return last?.type === 'follow' ? last.topics.map(t => fromBinary(TopicSchema, t)) : []
  }
  type Event = NonNullable<MessageInitShape<typeof SubscribeResponseSchema>['event']>
  const event = (key: string, event: Event) =>
    tab.receive({
      type: 'event',
      event: toBinary(SubscribeResponseSchema, create(SubscribeResponseSchema, { key, event })),
    })
  return { client, tab, sent, followed, event }
}

const turn = () => new Promise(resolve => setTimeout(resolve))

describe('a tab', () => {
  it('says once what it follows, and counts followers', async () => {
    const { tab, sent, followed } = setup()
    const stop = [tab.follow(deploymentTopic('1')), tab.follow(deploymentTopic('1')), tab.follow(deploymentTopic('2'))]
    await turn()
    expect(sent).toHaveLength(1)
    expect(followed().map(t => t.key)).toEqual(['deployment/1', 'deployment/2'])
    stop[0]?.()
    stop[0]?.() // twice is once
    await turn()
    expect(sent).toHaveLength(1)
    stop[1]?.()
    await turn()
    expect(followed().map(t => t.key)).toEqual(['deployment/2'])
  })

  it('folds events into the cache, and never an older state over a newer', () => {
    const { client, event } = setup()
    const send = (updatedAt: bigint, summary: string) =>
      event('deployment/1', { case: 'deployment', value: { id: '1', updatedAt, summary } })
    const summary = () => client.getQueryData<Deployment>(keys.deployment('1'))?.summary
    send(5n, 'five')
    expect(summary()).toBe('five')
    client.setQueryData(keys.deployment('1'), create(DeploymentSchema, { id: '1', updatedAt: 9n, summary: 'nine' }))
    send(7n, 'seven')
    expect(summary()).toBe('nine')
    send(9n, 'nine again') // within one second states follow each other
    expect(summary()).toBe('nine again')
  })

  it('reads a list again when it changed, and when the stream was opened', async () => {
    const { client, tab, event } = setup()
    const read = vi.fn(async () => 1)
    const stop = new QueryObserver(client, {
      queryKey: [...keys.deployments, 'page'],
      queryFn: read,
      staleTime: 60_000,
    }).subscribe(() => {})
    tab.follow(deploymentsTopic)
    await turn()
    expect(read).toHaveBeenCalledTimes(1)
    tab.receive({ type: 'opened', keys: ['list/deployments'] })
    await turn()
    expect(read).toHaveBeenCalledTimes(2)
    event('list/deployments', { case: 'list', value: {} })
    await turn()
    expect(read).toHaveBeenCalledTimes(3)
    stop()
  })

  it('follows nothing while nobody looks', async () => {
    const { tab, followed } = setup()
    tab.follow(deploymentTopic('1'))
    await turn()
    tab.setCalm(true)
    await turn()
    expect(followed()).toEqual([])
    tab.setCalm(false)
    await turn()
    expect(followed()).toHaveLength(1)
  })

  it('reads a log page by page, then follows it from there until it is completed', async () => {
    const id = { deploymentId: 'd', stageId: 's', retriedCount: 0 }
    const asked: bigint[] = []
    const { tab, followed, event } = setup(async (_, offset) => {
      asked.push(offset)
      return offset === 0n ? { ...part(0, 1), more: true } : { ...part(2), more: false }
    })
    const close = tab.openLog(id)
    await turn()
    await turn()
    expect(asked).toEqual([0n, 2n])
    const topic = followed()[0]
    expect(topic?.of.case === 'stageLog' && topic.of.value.offsetIndex).toBe(3n)
    event(logKey(id), { case: 'stageLog', value: { blocks: [2, 3, 4].map(block), completed: true } })
    await turn()
    expect(indexesOf(tab.log(id).store.get())).toEqual([0, 1, 2, 3, 4])
    expect(followed()).toEqual([])
    close()
  })

  it('tells why a log cannot be read, and tries again', async () => {
    const id = { deploymentId: 'd', stageId: 's', retriedCount: 0 }
    let broken = true
    const { tab } = setup(async () => {
      if (broken) throw new Error('no')
      return { ...part(0), completed: true, more: false }
    })
    tab.openLog(id)
    await turn()
    expect(tab.log(id).error.get()).toBeInstanceOf(Error)
    broken = false
    tab.reloadLog(id)
    await turn()
    expect(tab.log(id).error.get()).toBeUndefined()
    expect(tab.log(id).store.get().completed).toBe(true)
  })
})

describe('refreshing', () => {
  it('asks once more for what changed while it asked, and not for each change', async () => {
    const client = new QueryClient()
    const answers: (() => void)[] = []
    const read = vi.fn(() => new Promise<number>(resolve => answers.push(() => resolve(1))))
    const stop = new QueryObserver(client, { queryKey: ['list'], queryFn: read }).subscribe(() => {})
    answers.shift()?.()
    await turn()
    const refresher = new Refresher(client)
    for (let i = 0; i < 10; i++) void refresher.refresh(['list'])
    await turn()
    expect(read).toHaveBeenCalledTimes(2)
    answers.shift()?.()
    await turn()
    expect(read).toHaveBeenCalledTimes(3)
    answers.shift()?.()
    await turn()
    expect(read).toHaveBeenCalledTimes(3)
    stop()
  })
})
