import { useQuery } from '@tanstack/react-query'
import { applicationsQuery, applicationsTopic, pipedsQuery, pipedsTopic, suggestionsQuery, useTopic } from '~/api'
import type { Known } from './steps'

const some = 20

// useKnown follows what the steps are judged by.
export function useKnown(): { known: Known | undefined; error: unknown; retry: () => void } {
  useTopic(pipedsTopic)
  useTopic(applicationsTopic)
  const pipeds = useQuery(pipedsQuery({ pageSize: some }))
  const applications = useQuery(applicationsQuery({ pageSize: some }))
  // What was found in Git is told by agents; it is read again whenever they are.
  const suggestions = useQuery({ ...suggestionsQuery, refetchInterval: 10_000 })
  const known =
    pipeds.data && applications.data
      ? {
          pipeds: pipeds.data.pipeds,
          applications: applications.data.applications,
          suggestions: suggestions.data ?? [],
        }
      : undefined
  return {
    known,
    error: pipeds.error ?? applications.error,
    retry: () => {
      void pipeds.refetch()
      void applications.refetch()
    },
  }
}
