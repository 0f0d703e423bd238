export { ChooseProject } from './ChooseProject'
export { recentProjects } from './projects'
export { SignIn } from './SignIn'
