import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { ms } from '~/api'
import { Piped_ConnectionStatus } from '~/gen/model/model_pb'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { useTexts } from '~/i18n'
import { CopyButton, Labels, Mark, OutLink, Panel, pipedState, RelativeTime } from '~/kit'
import styles from './application.module.css'
import { usePiped } from './piped'
import { defaultConfigFilename, isRoot, kindName, liveVersion } from './view'

// Facts is what the application is.
export function Facts({ app }: { app: Application }) {
  const t = useTexts()
  const w = t.application.facts
  const a = app.application
  const disabled = usePiped(app)?.piped?.disabled ?? false
  const { ONLINE, OFFLINE } = Piped_ConnectionStatus
  const piped = pipedState(app.pipedOnline ? ONLINE : OFFLINE, disabled, t)
  if (!a) return null
  const repo = a.gitPath?.repo
  const path = a.gitPath?.path ?? ''
  const where = isRoot(path) ? w.root : <code>{path}</code>
  const live = liveVersion(app)
  return (
    <Panel title={w.title}>
      <dl className={styles.facts}>
        <Fact of={w.live}>{live === undefined ? t.applications.notDeployed : live || t.applications.noVersion}</Fact>
        <Fact of={w.kind}>{kindName(a.kind, t)}</Fact>
        <Fact of={w.piped}>
          <span className={styles.piped}>
            <Mark shape={piped.shape} tone={piped.tone} />
            <Link to="/settings/piped">{app.pipedName}</Link>
            {piped.shape !== 'dot' && <span className={styles.quiet}>{piped.word}</span>}
          </span>
        </Fact>
        <Fact of={w.provider}>{a.platformProvider}</Fact>
        <Fact of={w.repository}>
          {repo?.id}
          {repo?.remote && <Remote url={repo.remote} />}
        </Fact>
        {repo?.branch && (
          <Fact of={w.branch}>
            <code>{repo.branch}</code>
          </Fact>
        )}
        <Fact of={w.path}>{a.gitPath?.url ? <OutLink href={a.gitPath.url}>{where}</OutLink> : where}</Fact>
        <Fact of={w.configFile}>
          <code>{a.gitPath?.configFilename || defaultConfigFilename}</code>
        </Fact>
        {Object.keys(a.labels).length > 0 && (
          <Fact of={w.labels}>
            <Labels of={a.labels} />
          </Fact>
        )}
        {a.description && <Fact of={w.description}>{a.description}</Fact>}
        <Fact of={w.added}>
          <RelativeTime at={ms(a.createdAt)} />
        </Fact>
        <Fact of={w.changed}>
          <RelativeTime at={ms(a.updatedAt)} />
        </Fact>
        <Fact of={w.id}>
          <span className={styles.id}>
            <code>{a.id}</code>
            <CopyButton text={a.id} what={w.id} />
          </span>
        </Fact>
      </dl>
    </Panel>
  )
}

function Fact({ of, children }: { of: string; children: ReactNode }) {
  return (
    <div className={styles.fact}>
      <dt>{of}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Remote({ url }: { url: string }) {
  return (
    <code className={styles.remote}>
      <OutLink href={url}>{url}</OutLink>
    </code>
  )
}
