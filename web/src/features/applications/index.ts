// The list of applications.
export { Filters } from './Filters'
export { filterOf, isNarrowed, type ListFilter, listedCount, requestOf } from './filters'
export { List } from './List'
export { Needs } from './Needs'
export { Nothing } from './Nothing'
