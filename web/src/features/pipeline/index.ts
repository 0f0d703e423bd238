export { approvalsOf, isSkippable, isWaiting, purposeOf, timingOf } from './facts'
export { inOrder, isOver, isStarted, type Layout, layoutOf, startOf, stopped } from './levels'
export { Pipeline } from './Pipeline'
export { type Share, shareNow, sharesOf } from './traffic'
