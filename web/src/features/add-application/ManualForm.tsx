import { useState } from 'react'
import { kindName } from '~/features/application'
import { ApplicationKind, type Piped } from '~/gen/model/model_pb'
import { useTexts } from '~/i18n'
import { ErrorPanel, Select, TextField } from '~/kit'
import styles from './add.module.css'
import { Choice, kinds, ProviderField, pipedOptions, saysWhy } from './fields'
import { choicesOf, type Draft, type Field, fitted, startOf } from './form'
import { byId } from './useAdd'

// useDraft is the state of the form by hand.
export function useDraft(pipeds: readonly Piped[] | undefined, wanted: string | undefined) {
  const [typed, setTyped] = useState<Draft | undefined>()
  const start = startOf(pipeds ?? [], wanted)
  return { draft: typed ?? start, dirty: typed !== undefined, setDraft: setTyped }
}

interface Props {
  draft: Draft
  pipeds: readonly Piped[]
  wrong: Partial<Record<Field, string>>
  other: unknown
  onChange: (draft: Draft) => void
}

// ManualForm is an application by hand: the fields that PipeCD has, in its order.
export function ManualForm({ draft, pipeds, wrong, other, onChange }: Props) {
  const t = useTexts()
  const w = t.applications.add
  const piped = byId(pipeds, draft.pipedId)
  const choices = choicesOf(piped, draft.kind)
  const set = (change: Partial<Draft>) => onChange({ ...draft, ...change })
  return (
    <div className={styles.fields}>
      {other !== undefined && <ErrorPanel error={other} />}
      <TextField
        label={w.name}
        value={draft.name}
        onChange={name => set({ name })}
        hint={w.nameHint}
        error={wrong.name}
        required
        maxLength={255}
        autoComplete="off"
      />
      <Select
        label={w.kind}
        value={ApplicationKind[draft.kind]}
        options={kinds.map(k => ({ value: ApplicationKind[k], label: kindName(k, t) }))}
        onChange={k => onChange(fitted({ ...draft, kind: ApplicationKind[k as keyof typeof ApplicationKind] }, piped))}
        hint={w.kindHint}
        error={wrong.kind}
        required
      />
      <Choice
        label={w.piped}
        value={draft.pipedId}
        options={pipedOptions(pipeds, t)}
        onChange={id => onChange(fitted(draft, byId(pipeds, id)))}
        hint={w.pipedHint}
        error={wrong.pipedId}
      />
      <ProviderField
        piped={piped}
        kind={draft.kind}
        choices={choices}
        value={draft.provider}
        error={wrong.provider}
        onChange={provider => set({ provider })}
      />
      <Choice
        label={w.repository}
        value={draft.repoId}
        options={choices.repositories.map(id => ({ value: id, label: id }))}
        onChange={repoId => set({ repoId })}
        hint={w.repositoryHint}
        error={wrong.repoId}
        why={saysWhy(choices.whyRepository, piped, draft.kind, t)}
      />
      <TextField
        label={w.path}
        value={draft.path}
        onChange={path => set({ path })}
        hint={w.pathHint}
        error={wrong.path}
        placeholder="./"
        autoComplete="off"
        spellCheck={false}
        mono
      />
      <TextField
        label={w.configFilename}
        value={draft.configFilename}
        onChange={configFilename => set({ configFilename })}
        hint={w.configFilenameHint}
        error={wrong.configFilename}
        placeholder="app.pipecd.yaml"
        autoComplete="off"
        spellCheck={false}
        mono
      />
    </div>
  )
}
