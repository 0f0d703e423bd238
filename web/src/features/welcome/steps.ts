import type { ApplicationInfo } from '~/gen/model/model_pb'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import type { Piped } from '~/gen/pipecd/web/v1/piped_pb'

export type StepId = 'piped' | 'connected' | 'repository' | 'application' | 'deployment'

// Known is what the control plane knows of a project.
export interface Known {
  readonly pipeds: readonly Piped[]
  readonly applications: readonly Application[]
  readonly suggestions: readonly ApplicationInfo[]
}

export interface Step {
  readonly id: StepId
  readonly state: 'done' | 'now' | 'later'
  // What did it: names of pipeds, repositories, applications.
  readonly by: readonly string[]
}

// stepsOf says how far a project is. A step is done by what there is, not by who
// did it here, so that the command line ticks it as well.
export function stepsOf({ pipeds, applications }: Known): Step[] {
  const enabled = pipeds.flatMap(p => (p.piped && !p.piped.disabled ? [p.piped] : []))
  const connected = enabled.filter(p => p.startedAt > 0n)
  const named = applications.flatMap(a => a.application ?? [])
  const did: [StepId, string[]][] = [
    ['piped', enabled.map(p => p.name)],
    ['connected', connected.map(p => p.name)],
    ['repository', [...new Set(connected.flatMap(p => p.repositories.map(r => r.id)))]],
    ['application', named.map(a => a.name)],
    ['deployment', named.filter(a => a.mostRecentlySuccessfulDeployment).map(a => a.name)],
  ]
  const next = did.findIndex(([, by]) => by.length === 0)
  return did.map(([id, by], i) => ({ id, by, state: by.length > 0 ? 'done' : i === next ? 'now' : 'later' }))
}

export function isAllDone(steps: readonly Step[]): boolean {
  return steps.every(s => s.state === 'done')
}

// Place is where a project's control plane is, and who asks.
export interface Place {
  // Without a path: https://pipecd.example.com
  readonly origin: string
  readonly project: string
  readonly user: string
}

export function addPipedCommand({ origin, project, user }: Place): string {
  return [
    `pipecd ctl login --address ${origin} --project ${project} --username ${user}`,
    'pipecd ctl piped add my-piped --key-file ./piped-key',
  ].join('\n')
}

export function addApplicationCommand(piped: string, provider: string, repository: string): string {
  return `pipecd ctl app add --name web --piped ${piped} --provider ${provider} --repo ${repository} --path services/web`
}

export function syncCommand(application: string): string {
  return `pipecd ctl app sync ${application} --wait`
}
