// Pipeds: their list, how one is added and started, its keys.
export { ActiveStatus } from './ActiveStatus'
export { AddKey, Configuration, DeleteKey, DisablePiped, HowToStart } from './Dialogs'
export { PipedForm } from './PipedForm'
export { type PipedAction, PipedTable } from './PipedTable'
export { type NewKey, Registered } from './Registered'
export { SetupSteps } from './SetupSteps'
export { WaitingLine } from './WaitingLine'
