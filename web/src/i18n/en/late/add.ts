import { en } from '..'
import { add } from '../add'

en.applications.add = add
