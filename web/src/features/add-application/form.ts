import type { ApplicationInfo, Piped } from '~/gen/model/model_pb'
import { ApplicationKind } from '~/gen/model/model_pb'

// Draft is an application as it is typed.
export interface Draft {
  readonly name: string
  readonly kind: ApplicationKind
  readonly pipedId: string
  readonly provider: string
  readonly repoId: string
  readonly path: string
  readonly configFilename: string
}

export const emptyDraft: Draft = {
  name: '',
  kind: ApplicationKind.ECS,
  pipedId: '',
  provider: '',
  repoId: '',
  path: '',
  configFilename: 'app.pipecd.yaml',
}

// Why is the reason that a field has nothing to choose from.
export type Why = 'choosePiped' | 'neverConnected' | 'noProvider' | 'noRepository'

export interface Choices {
  readonly providers: readonly string[]
  readonly whyProvider: Why | undefined
  readonly repositories: readonly string[]
  readonly whyRepository: Why | undefined
}

// choicesOf is what an agent leaves to choose from for a kind of application.
export function choicesOf(piped: Piped | undefined, kind: ApplicationKind): Choices {
  const providers = piped ? providersOf(piped, kind) : []
  const repositories = piped?.repositories.map(r => r.id) ?? []
  const why = piped === undefined ? 'choosePiped' : piped.startedAt === 0n ? 'neverConnected' : undefined
  return {
    providers,
    repositories,
    whyProvider: why ?? (providers.length === 0 ? 'noProvider' : undefined),
    whyRepository: why ?? (repositories.length === 0 ? 'noRepository' : undefined),
  }
}

// providersOf are the names of the providers that can run such applications.
export function providersOf(piped: Piped, kind: ApplicationKind): string[] {
  const own = piped.platformProviders.length > 0 ? piped.platformProviders : piped.cloudProviders
  return own.filter(p => p.type.toUpperCase() === ApplicationKind[kind]).map(p => p.name)
}

// fitted keeps what can still be chosen, and chooses what is the only choice.
export function fitted(draft: Draft, piped: Piped | undefined): Draft {
  const { providers, repositories } = choicesOf(piped, draft.kind)
  const kept = (value: string, among: readonly string[]) =>
    among.includes(value) ? value : among.length === 1 ? (among[0] ?? '') : ''
  return {
    ...draft,
    pipedId: piped?.id ?? '',
    provider: kept(draft.provider, providers),
    repoId: kept(draft.repoId, repositories),
  }
}

// startOf is the form as it opens: with the agent that the link names, by id or
// name, or with the only one there is.
export function startOf(pipeds: readonly Piped[], wanted: string | undefined): Draft {
  const named = wanted === undefined ? undefined : pipeds.find(p => p.id === wanted || p.name === wanted)
  return fitted(emptyDraft, named ?? (pipeds.length === 1 ? pipeds[0] : undefined))
}

export type Field = keyof Draft

const fields: Readonly<Record<string, Field>> = {
  name: 'name',
  kind: 'kind',
  piped_id: 'pipedId',
  platform_provider: 'provider',
  repo_id: 'repoId',
  path: 'path',
  config_filename: 'configFilename',
}

// fieldOf finds the field of the form that an answer calls wrong, in the
// contract's spelling.
export function fieldOf(contractField: string): Field | undefined {
  return Object.hasOwn(fields, contractField) ? fields[contractField] : undefined
}

// keyOf names a suggestion: agents give it no id.
export function keyOf(s: ApplicationInfo): string {
  return [s.pipedId, s.repoId, s.path, s.configFilename].join('\n')
}

// Source is an agent that found applications, and how many.
export interface Source {
  readonly piped: Piped
  readonly found: readonly ApplicationInfo[]
}

// sourcesOf groups what was found by who found it; what disabled or unknown
// agents found cannot be deployed.
export function sourcesOf(suggestions: readonly ApplicationInfo[], pipeds: readonly Piped[]): Source[] {
  return pipeds
    .map(piped => ({ piped, found: suggestions.filter(s => s.pipedId === piped.id) }))
    .filter(s => s.found.length > 0)
}

// matching are the suggestions whose name or place has the text.
export function matching(found: readonly ApplicationInfo[], text: string): ApplicationInfo[] {
  const needle = text.trim().toLowerCase()
  return found.filter(s => `${s.name} ${s.repoId} ${s.path} ${s.configFilename}`.toLowerCase().includes(needle))
}
