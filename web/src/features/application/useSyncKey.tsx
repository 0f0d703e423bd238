import { lazy, type ReactNode, Suspense, useState } from 'react'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { useTexts } from '~/i18n'
import { useShortcut } from '~/kit'

const SyncDialog = lazy(() => import('./questions').then(m => ({ default: m.SyncDialog })))

// useSyncKey lets the key s sync what is chosen, after a question: it returns
// the question.
export function useSyncKey(group: 'lists' | 'page', chosen: () => Application | undefined): ReactNode {
  const t = useTexts()
  const [app, setApp] = useState<Application | undefined>()
  useShortcut({ keys: 's', label: t.application.sync.key, group, run: () => setApp(chosen()) })
  return <Suspense>{app && <SyncDialog app={app} onClose={() => setApp(undefined)} />}</Suspense>
}
