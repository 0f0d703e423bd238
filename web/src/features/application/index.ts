import { lazy } from 'react'

// One application: its page, and what lists show and do of it. Lists need little
// of it, so the page's own code comes with the page: give it a Suspense.

export const ApplicationView = lazy(() => import('./ApplicationView').then(m => ({ default: m.ApplicationView })))
export const Problems = lazy(() => import('./Problems').then(m => ({ default: m.Problems })))
export { useActions, useSyncItems } from './actions'
export { refresh } from './changes'
export { isOpen, strategyName } from './fate'
export { useIsPipedDisabled } from './piped'
export { SyncControl } from './SyncControl'
export { SyncFate } from './SyncFate'
export { sentenceOf } from './sentence'
export { type Sync, useSync } from './useSync'
export { useSyncKey } from './useSyncKey'
export { Versions } from './Versions'
export {
  defaultConfigFilename,
  displayStatus,
  filePath,
  isRoot,
  isUnreadable,
  kindName,
  liveVersion,
  running,
} from './view'
