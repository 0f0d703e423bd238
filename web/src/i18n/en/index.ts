import { application } from './application'
import { applications } from './applications'
import { common } from './common'
import type { deployment } from './deployment'
import { deployments } from './deployments'
import { errors } from './errors'
import { live } from './live'
import { login } from './login'
import type { pipeds } from './pipeds'
import { shell } from './shell'
import { shortcuts } from './shortcuts'
import { status } from './status'
import type { welcome } from './welcome'

export const en = {
  application,
  applications,
  common,
  // The texts of some pages come with them: they import ./late/NAME.
  deployment: undefined as unknown as typeof deployment,
  deployments,
  errors,
  live,
  login,
  pipeds: undefined as unknown as typeof pipeds,
  shell,
  shortcuts,
  status,
  welcome: undefined as unknown as typeof welcome,
}
