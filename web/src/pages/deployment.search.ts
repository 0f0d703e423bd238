import { oneOf, type RawSearch, text, without } from '~/kit/search'

export interface DeploymentSearch {
  stage?: string
  // A log line, or a range: "12-20".
  line?: string
  q?: string
  tab?: 'log' | 'analysis' | 'resources'
  sample?: string
}

export function deploymentSearch(raw: RawSearch): DeploymentSearch {
  return without({
    stage: text(raw, 'stage'),
    line: text(raw, 'line'),
    q: text(raw, 'q'),
    tab: oneOf(raw, 'tab', ['log', 'analysis', 'resources']),
    sample: text(raw, 'sample'),
  }) as DeploymentSearch
}
