import { en } from '..'
import { welcome } from '../welcome'

en.welcome = welcome
