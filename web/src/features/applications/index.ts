import { lazy } from 'react'

// The list of applications.
export { Filters } from './Filters'
export { filterOf, isNarrowed, type ListFilter, listedCount, requestOf } from './filters'
export { List } from './List'
export { Needs } from './Needs'
// For a filter that is too narrow, which is rare: give it a Suspense.
export const Nothing = lazy(() => import('./Nothing').then(m => ({ default: m.Nothing })))
