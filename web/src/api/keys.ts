// The keys of the query cache. Lists begin with the list's name, so that a
// change of a list makes all its pages stale.
export const keys = {
  me: ['me'],
  application: (id: string) => ['application', id] as const,
  applications: ['applications'] as const,
  deployment: (id: string) => ['deployment', id] as const,
  deployments: ['deployments'] as const,
  piped: (id: string) => ['piped', id] as const,
  pipeds: ['pipeds'] as const,
  command: (id: string) => ['command', id] as const,
  suggestions: ['suggestions'] as const,
} as const
