// What pages and features import of the api. Its files are internal.
export { ms, now } from './clock'
export { keys } from './keys'
export { type LiveLog, type Liveness, LiveProvider, useLiveness, useLiveTab, useStageLog, useTopic } from './live/react'
export { startLive } from './live/start'
export {
  applicationsTopic,
  applicationTopic,
  commandTopic,
  deploymentsTopic,
  deploymentTopic,
  type LogId,
  pipedsTopic,
  pipedTopic,
} from './live/topics'
export { useOldSince } from './old'
export * from './queries'
export { newQueryClient } from './queryClient'
export { session } from './session'
export { Store, useStore } from './store'
export { api, reachable } from './transport'
export { codeName, isCode, type Problem, problemOf, titleOf } from './trouble'
