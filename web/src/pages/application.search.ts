import { oneOf, type RawSearch, text, without } from '~/kit/search'

export interface ApplicationSearch {
  tab?: 'state' | 'deployments' | 'diff' | 'config' | 'activity'
  node?: string
  // Opens the form.
  edit?: 'application'
}

export function applicationSearch(raw: RawSearch): ApplicationSearch {
  return without({
    tab: oneOf(raw, 'tab', ['state', 'deployments', 'diff', 'config', 'activity']),
    node: text(raw, 'node'),
    edit: oneOf(raw, 'edit', ['application']),
  }) as ApplicationSearch
}
