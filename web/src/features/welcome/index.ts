// From an empty project to the first deployment.
export { Welcome } from './Welcome'
