// A pipeline in one line, for lists and headers.
export {
  currentStage,
  glancesOf,
  isRollback,
  progressOf,
  type StageGlance,
  waitsForApproval,
} from './glance'
export { MiniPipeline } from './MiniPipeline'
