import { en } from '..'
import { pipeds } from '../pipeds'

en.pipeds = pipeds
