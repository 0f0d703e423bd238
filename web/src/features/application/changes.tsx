import { type QueryClient, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, keys } from '~/api'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { useTexts } from '~/i18n'
import { ErrorPanel, toast } from '~/kit'

// refresh reads again what a change of an application shows in.
export async function refresh(queries: QueryClient, id: string): Promise<void> {
  await Promise.all([
    queries.invalidateQueries({ queryKey: keys.application(id) }),
    queries.invalidateQueries({ queryKey: keys.applications }),
  ])
}

// useEnable lets a disabled application be deployed again.
export function useEnable(app: Application) {
  const t = useTexts()
  const queries = useQueryClient()
  const { id = '', name = '' } = app.application ?? {}
  return useMutation({
    mutationFn: () => api.enableApplication({ applicationId: id }),
    onSuccess: () => {
      toast('ok', 'check', t.application.disabling.enabled(name))
      return refresh(queries, id)
    },
    onError: error => toast('bad', 'alert', <ErrorPanel error={error} />),
  })
}
