// The file that a piped is configured with, as it is shown to be pasted.
export { addressOf } from './address'
export { firstExamples, flagsOf, type Identity, pipedFile, startCommand } from './file'
