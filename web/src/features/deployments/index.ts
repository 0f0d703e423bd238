// The list of deployments and its filters.
export { DeploymentList } from './DeploymentList'
export { FilterBar } from './FilterBar'
export { activeFilters, type Filters, requestOf } from './filters'
export { NothingMatches } from './NothingMatches'
export { canaryShare, versionsBefore } from './rows'
