import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, keys, pipedsQuery, pipedsTopic, problemOf, useTopic } from '~/api'
import type { Piped } from '~/gen/model/model_pb'
import { type Field, fieldOf } from './form'

// One page has all agents of any project that people have.
const request = { pageSize: 500 }

// usePipeds are the agents that may deploy something: those that are not disabled.
export function usePipeds() {
  useTopic(pipedsTopic)
  const query = useQuery(pipedsQuery(request))
  const pipeds = query.data?.pipeds.flatMap(p => (p.piped && !p.piped.disabled ? [p.piped] : []))
  return { ...query, pipeds }
}

export interface Added {
  readonly id: string
  readonly name: string
  readonly repoId: string
  readonly path: string
  readonly configFilename: string
}

type Request = Parameters<typeof api.addApplication>[0]

// useAdd adds an application and says which field was wrong.
export function useAdd(onAdded: (added: Added) => void) {
  const queries = useQueryClient()
  const add = useMutation({
    mutationFn: (request: Request) => api.addApplication(request),
    onSuccess: (answer, { name = '', repoId = '', path = '', configFilename = '' }) => {
      void queries.invalidateQueries({ queryKey: keys.applications })
      void queries.invalidateQueries({ queryKey: keys.suggestions })
      onAdded({ id: answer.applicationId, name, repoId, path, configFilename })
    },
  })
  return { ...add, ...wrongOf(add.error) }
}

// wrongOf splits an answer into the field that is wrong, with the sentence, and
// what concerns no field.
export function wrongOf(error: unknown): { wrong: Partial<Record<Field, string>>; other: unknown } {
  if (!error) return { wrong: {}, other: undefined }
  const problem = problemOf(error)
  const field = fieldOf(problem.field)
  return field ? { wrong: { [field]: problem.sentence }, other: undefined } : { wrong: {}, other: error }
}

export function byId(pipeds: readonly Piped[], id: string): Piped | undefined {
  return pipeds.find(p => p.id === id)
}
