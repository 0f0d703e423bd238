// A pipeline in one line, for lists and headers.
export {
  currentStage,
  doneCount,
  glancesOf,
  type StageGlance,
  waitsForApproval,
} from './glance'
export { MiniPipeline } from './MiniPipeline'
