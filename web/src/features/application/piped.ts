import { useQuery } from '@tanstack/react-query'
import { pipedQuery, pipedsQuery, pipedTopic, useTopic } from '~/api'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import type { Piped } from '~/gen/pipecd/web/v1/piped_pb'
import { useTexts } from '~/i18n'

// usePiped is the agent of an application, kept current.
export function usePiped(app: Application): Piped | undefined {
  const id = app.application?.pipedId ?? ''
  useTopic(id ? pipedTopic(id) : undefined)
  return useQuery({ ...pipedQuery(id), enabled: id !== '' }).data
}

// useIsPipedDisabled asks for all agents at once, for lists.
export function useIsPipedDisabled(app: Application): boolean {
  const all = useQuery(pipedsQuery({ pageSize: 500 })).data?.pipeds
  return all?.some(p => p.piped?.id === app.application?.pipedId && p.piped?.disabled) ?? false
}

// useWhyNoSync says why the application cannot be synced.
export function useWhyNoSync(app: Application): string | undefined {
  const w = useTexts().application.sync
  const disabled = usePiped(app)?.piped?.disabled
  if (app.application?.disabled) return w.disabled
  return disabled ? w.pipedDisabled(app.pipedName) : undefined
}
