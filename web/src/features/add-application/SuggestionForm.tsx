import { type ReactNode, useId, useState } from 'react'
import { filePath, isRoot, kindName } from '~/features/application'
import type { ApplicationInfo } from '~/gen/model/model_pb'
import { useFormats, useTexts } from '~/i18n'
import { ErrorPanel, Labels, TextField } from '~/kit'
import styles from './add.module.css'
import { Choice, ProviderField, pipedOptions } from './fields'
import { choicesOf, keyOf, matching, type Source } from './form'

// Pick is what is chosen among the suggestions.
export interface Pick {
  readonly pipedId: string
  readonly provider: string
  readonly key: string
}

export interface Picked {
  readonly source: Source | undefined
  readonly provider: string
  readonly application: ApplicationInfo | undefined
}

// pickedOf finds what is chosen; what is the only choice is chosen by itself.
export function pickedOf(pick: Pick, sources: readonly Source[]): Picked {
  const source = sources.find(s => s.piped.id === pick.pipedId) ?? (sources.length === 1 ? sources[0] : undefined)
  const application = source?.found.find(s => keyOf(s) === pick.key)
  const kind = application?.kind ?? source?.found[0]?.kind
  const providers = source && kind !== undefined ? choicesOf(source.piped, kind).providers : []
  const only = providers.length === 1 ? (providers[0] ?? '') : ''
  return { source, application, provider: providers.includes(pick.provider) ? pick.provider : only }
}

interface Props {
  pick: Pick
  sources: readonly Source[]
  wrong: readonly string[]
  other: unknown
  onChange: (pick: Pick) => void
}

// SuggestionForm chooses among the applications that agents found in Git: from
// where, which one, and a look at it before it is saved.
export function SuggestionForm({ pick, sources, wrong, other, onChange }: Props) {
  const t = useTexts()
  const f = useFormats()
  const w = t.applications.add
  const { source, provider, application } = pickedOf(pick, sources)
  const kind = application?.kind ?? source?.found[0]?.kind
  const counts = new Map(sources.map(s => [s.piped.id, s.found.length]))
  return (
    <div className={styles.steps}>
      {other !== undefined && <ErrorPanel error={other} />}
      {wrong.map(sentence => (
        <p key={sentence} role="alert" className={styles.wrong}>
          {sentence}
        </p>
      ))}
      <Step n={1} title={w.chooseSource}>
        <Choice
          label={w.piped}
          value={source?.piped.id ?? ''}
          options={pipedOptions(
            sources.map(s => s.piped),
            t,
            p => w.found(p.name, f.number(counts.get(p.id) ?? 0)),
          )}
          onChange={pipedId => onChange({ pipedId, provider: '', key: '' })}
        />
        {source && kind !== undefined && (
          <ProviderField
            piped={source.piped}
            kind={kind}
            choices={choicesOf(source.piped, kind)}
            value={provider}
            error={undefined}
            onChange={value => onChange({ ...pick, pipedId: source.piped.id, provider: value })}
          />
        )}
      </Step>
      {source && (
        <Step n={2} title={w.chooseApplication}>
          <Found
            of={source}
            chosen={pick.key}
            onChoose={key => onChange({ pipedId: source.piped.id, provider, key })}
          />
        </Step>
      )}
      {application && (
        <Step n={3} title={w.review}>
          <Review of={application} />
        </Step>
      )}
    </div>
  )
}

function Step({ n, title, children }: { n: number; title: string; children: ReactNode }) {
  return (
    <section className={styles.step} aria-label={title}>
      <h3 className={styles.stepTitle}>
        <span className={styles.number} aria-hidden="true">
          {n}
        </span>
        {title}
      </h3>
      <div className={styles.fields}>{children}</div>
    </section>
  )
}

const searchFrom = 8

function Found({ of, chosen, onChoose }: { of: Source; chosen: string; onChoose: (key: string) => void }) {
  const t = useTexts()
  const w = t.applications.add
  const name = useId()
  const [typed, setTyped] = useState('')
  const shown = matching(of.found, typed)
  return (
    <>
      {of.found.length >= searchFrom && (
        <TextField
          compact
          label={w.filterFound}
          placeholder={w.filterFound}
          type="search"
          value={typed}
          onChange={setTyped}
        />
      )}
      <div role="radiogroup" aria-label={w.chooseApplication} className={styles.found}>
        {shown.map(s => (
          <label key={keyOf(s)} className={styles.one}>
            <input type="radio" name={name} checked={keyOf(s) === chosen} onChange={() => onChoose(keyOf(s))} />
            <span className={styles.oneText}>
              <b>{s.name}</b>
              <code>
                {s.repoId}: {filePath(s.path, s.configFilename)}
              </code>
            </span>
          </label>
        ))}
        {shown.length === 0 && <p className={styles.quiet}>{t.common.noMatches}</p>}
      </div>
    </>
  )
}

function Review({ of }: { of: ApplicationInfo }) {
  const t = useTexts()
  const w = t.applications.add
  const entries: [string, ReactNode][] = [
    [w.name, of.name],
    [w.kind, kindName(of.kind, t)],
    [w.repository, of.repoId],
    [w.path, isRoot(of.path) ? w.atRoot : <code key="path">{of.path}</code>],
    [w.configFilename, <code key="file">{of.configFilename || 'app.pipecd.yaml'}</code>],
    [t.applications.labels, Object.keys(of.labels).length > 0 ? <Labels key="labels" of={of.labels} /> : w.noLabels],
  ]
  return (
    <dl className={styles.facts}>
      {entries.map(([name, value]) => (
        <div key={name} className={styles.fact}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
