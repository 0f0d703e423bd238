import { en } from '..'
import { applicationPage } from '../applicationPage'

Object.assign(en.application, applicationPage)
