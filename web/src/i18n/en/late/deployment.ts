import { en } from '..'
import { deployment } from '../deployment'

en.deployment = deployment
