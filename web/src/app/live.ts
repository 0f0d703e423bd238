import type { QueryClient } from '@tanstack/react-query'
import { session, startLive } from '~/api'

let tab: ReturnType<typeof startLive> | undefined

// liveTab starts this tab's live updates when the shell is shown first.
export function liveTab(queries: QueryClient) {
  if (tab) return tab
  const started = startLive(queries)
  tab = started
  // The stream is refused first when nothing else is asked for.
  started.state.subscribe(() => {
    if (started.state.get() === 'refused') void session.renewal().then(() => started.retry())
  })
  return started
}
