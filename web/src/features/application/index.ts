// One application: its page, and what lists show and do of it.

export { ApplicationView } from './ApplicationView'
export { useActions, useSyncItems } from './actions'
export { refresh } from './changes'
export { isOpen, strategyName } from './fate'
export { SyncControl } from './SyncControl'
export { SyncFate } from './SyncFate'
export { sentenceOf } from './sentence'
export { type Sync, useAskSync, useSync } from './useSync'
export { Versions } from './Versions'
export { defaultConfigFilename, displayStatus, filePath, isRoot, kindName, liveVersion, running } from './view'
