import '~/i18n/en/late/add'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '~/api'
import { filePath, kindName, refresh } from '~/features/application'
import type { Application, Piped } from '~/gen/model/model_pb'
import { useTexts } from '~/i18n'
import { Button, Drawer, ErrorPanel, SkeletonRows, TextField, toast } from '~/kit'
import styles from './add.module.css'
import { Choice, ProviderField, pipedOptions } from './fields'
import { choicesOf, fitted } from './form'
import { byId, usePipeds, wrongOf } from './useAdd'

interface Change {
  pipedId: string
  provider: string
  configFilename: string
}

interface Props {
  app: Application
  onClose: () => void
}

// EditDrawer changes who deploys an application, with what, and from which file.
// The rest follows Git, or is what the application is.
export function EditDrawer({ app, onClose }: Props) {
  const t = useTexts()
  const w = t.applications.add
  const queries = useQueryClient()
  const { pipeds } = usePipeds()
  const before: Change = {
    pipedId: app.pipedId,
    provider: app.platformProvider,
    configFilename: app.gitPath?.configFilename || 'app.pipecd.yaml',
  }
  const [change, setChange] = useState(before)
  const update = useMutation({
    mutationFn: () =>
      api.updateApplication({
        applicationId: app.id,
        pipedId: change.pipedId,
        platformProvider: change.provider,
        configFilename: change.configFilename,
      }),
    onSuccess: async () => {
      toast('ok', 'check', w.saved(app.name))
      await refresh(queries, app.id)
      onClose()
    },
  })
  const dirty = (Object.keys(before) as (keyof Change)[]).some(k => before[k] !== change[k])
  return (
    <Drawer
      open
      title={w.editTitle(app.name)}
      onClose={onClose}
      dirty={dirty}
      onSubmit={() => {
        if (!update.isPending) update.mutate()
      }}
      footer={
        <>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button type="submit" look="main" busy={update.isPending}>
            {update.isPending ? w.saving : w.save}
          </Button>
        </>
      }
    >
      {pipeds ? (
        <Fields app={app} pipeds={pipeds} change={change} error={update.error} onChange={setChange} />
      ) : (
        <SkeletonRows rows={8} />
      )}
    </Drawer>
  )
}

interface FieldsProps {
  app: Application
  pipeds: readonly Piped[]
  change: Change
  error: unknown
  onChange: (change: Change) => void
}

function Fields({ app, pipeds, change, error, onChange }: FieldsProps) {
  const t = useTexts()
  const w = t.applications.add
  const { wrong, other } = wrongOf(error)
  const piped = byId(pipeds, change.pipedId)
  const choose = (id: string) => {
    const next = fitted({ ...change, name: app.name, kind: app.kind, repoId: '', path: '' }, byId(pipeds, id))
    onChange({ ...change, pipedId: next.pipedId, provider: next.provider })
  }
  return (
    <div className={styles.fields}>
      {other !== undefined && <ErrorPanel error={other} />}
      <Locked app={app} />
      <Choice
        label={w.piped}
        value={change.pipedId}
        options={pipedOptions(pipeds, t)}
        onChange={choose}
        hint={w.pipedHint}
        error={wrong.pipedId ?? wrong.repoId}
      />
      <ProviderField
        piped={piped}
        kind={app.kind}
        choices={choicesOf(piped, app.kind)}
        value={change.provider}
        error={wrong.provider}
        onChange={provider => onChange({ ...change, provider })}
      />
      <TextField
        label={w.configFilename}
        value={change.configFilename}
        onChange={configFilename => onChange({ ...change, configFilename })}
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

// Locked is what cannot be changed here, and why.
function Locked({ app }: { app: Application }) {
  const t = useTexts()
  const w = t.applications.add
  return (
    <div className={styles.locked}>
      <dl className={styles.facts}>
        <div className={styles.fact}>
          <dt>{w.name}</dt>
          <dd>{app.name}</dd>
        </div>
        <div className={styles.fact}>
          <dt>{w.kind}</dt>
          <dd>{kindName(app.kind, t)}</dd>
        </div>
        <div className={styles.fact}>
          <dt>{w.repository}</dt>
          <dd>
            <code>
              {app.gitPath?.repo?.id}: {filePath(app.gitPath?.path ?? '', app.gitPath?.configFilename ?? '')}
            </code>
          </dd>
        </div>
      </dl>
      <p className={styles.quiet}>
        {w.lockedInGit} {w.locked}
      </p>
    </div>
  )
}
