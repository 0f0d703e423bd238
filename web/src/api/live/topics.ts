import { create, type MessageInitShape } from '@bufbuild/protobuf'
import type { QueryKey } from '@tanstack/react-query'
import { ListTopic_List, type Topic, TopicSchema } from '~/gen/pipecd/web/v1/subscribe_pb'
import { keys } from '../keys'

// LiveTopic is something to follow, and what to ask again when the stream does
// not get through.
export interface LiveTopic {
  readonly key: string
  readonly of: NonNullable<MessageInitShape<typeof TopicSchema>['of']>
  // Entries of the query cache it keeps current; none for logs, see logs.ts.
  readonly queryKey?: QueryKey
  // A list says only that it changed.
  readonly list?: true
}

export function deploymentTopic(id: string): LiveTopic {
  return {
    key: `deployment/${id}`,
    of: { case: 'deployment', value: { deploymentId: id } },
    queryKey: keys.deployment(id),
  }
}

export function applicationTopic(id: string): LiveTopic {
  return {
    key: `application/${id}`,
    of: { case: 'application', value: { applicationId: id } },
    queryKey: keys.application(id),
  }
}

export function pipedTopic(id: string): LiveTopic {
  return { key: `piped/${id}`, of: { case: 'piped', value: { pipedId: id } }, queryKey: keys.piped(id) }
}

export function commandTopic(id: string): LiveTopic {
  return { key: `command/${id}`, of: { case: 'command', value: { commandId: id } }, queryKey: keys.command(id) }
}

const list = (name: string, list: ListTopic_List, queryKey: QueryKey): LiveTopic => ({
  key: `list/${name}`,
  of: { case: 'list', value: { list } },
  queryKey,
  list: true,
})

export const applicationsTopic = list('applications', ListTopic_List.APPLICATIONS, keys.applications)
export const deploymentsTopic = list('deployments', ListTopic_List.DEPLOYMENTS, keys.deployments)
export const pipedsTopic = list('pipeds', ListTopic_List.PIPEDS, keys.pipeds)

// LogId names a log: a stage that was retried has one for each try.
export interface LogId {
  readonly deploymentId: string
  readonly stageId: string
  readonly retriedCount: number
}

export function logKey(id: LogId): string {
  return `log/${id.deploymentId}/${id.stageId}/${id.retriedCount}`
}

export function logTopic(id: LogId, offset: bigint): LiveTopic {
  return { key: logKey(id), of: { case: 'stageLog', value: { ...id, offsetIndex: offset } } }
}

// message returns the topic as the wire has it.
export function message(topic: LiveTopic): Topic {
  return create(TopicSchema, { key: topic.key, of: topic.of })
}
