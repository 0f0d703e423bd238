export { DeploymentView, type Place } from './DeploymentView'
export { deploymentTab } from './tab'
