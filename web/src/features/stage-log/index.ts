export { LogPanel } from './LogPanel'
export { lastError } from './lines'
export { type LogPlace, StageLog } from './StageLog'
export { useSettings } from './settings'
