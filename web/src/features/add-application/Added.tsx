import '~/i18n/en/late/applicationPage'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Suspense } from 'react'
import { applicationQuery, applicationTopic, useTopic } from '~/api'
import { displayStatus, filePath, Problems, SyncControl, SyncFate, sentenceOf, useSync } from '~/features/application'
import { ApplicationSyncStatus } from '~/gen/model/model_pb'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { type Catalog, type Formats, useFormats, useTexts } from '~/i18n'
import { ErrorPanel, Mark, type Shape, Skeleton, type Tone } from '~/kit'
import styles from './add.module.css'
import type { Added } from './useAdd'

// AddedView says what was added, what the agent found in Git since, and offers
// to deploy it.
export function AddedView({ added }: { added: Added }) {
  const t = useTexts()
  const w = t.applications.add
  useTopic(applicationTopic(added.id))
  const { data, error, refetch } = useQuery(applicationQuery(added.id))
  const unusable = data !== undefined && isUnusable(data)
  return (
    <div className={styles.added}>
      <p className={styles.addedTitle} role="status">
        <Mark shape={unusable ? 'alert' : 'check'} tone={unusable ? 'bad' : 'ok'} />
        <b>{unusable ? w.doneUnusable(added.name) : w.doneTitle(added.name)}</b>
      </p>
      <p>{w.doneText}</p>
      <p>
        <code>
          {added.repoId}: {filePath(added.path, added.configFilename)}
        </code>
      </p>
      {error && <ErrorPanel error={error} onRetry={() => void refetch()} />}
      {data && <Standing app={data} />}
      {data ? <Deploy app={data} /> : <Skeleton width="6rem" height="2rem" />}
    </div>
  )
}

function isUnusable(app: Application): boolean {
  return displayStatus(app) === ApplicationSyncStatus.INVALID_CONFIG
}

interface Said {
  readonly tone: Tone
  readonly shape: Shape
  readonly text: string
  readonly deploymentId?: string
}

// saidOf says how far the agent is with the new application: it reads the file, or
// goes by it.
function saidOf(app: Application, t: Catalog, f: Formats): Said {
  const w = t.applications.add
  const fresh = displayStatus(app) === ApplicationSyncStatus.UNKNOWN && !app.latest
  if (!fresh) return sentenceOf(app, t, f)
  if (app.pipedOnline) return { tone: 'run', shape: 'ring', text: w.reading(app.pipedName) }
  return { tone: 'warn', shape: 'plug', text: w.readingLater(app.pipedName) }
}

// Standing follows what becomes of the application while the drawer is open. What
// the sync below leads to already has no second link here.
function Standing({ app }: { app: Application }) {
  const t = useTexts()
  const f = useFormats()
  const said = saidOf(app, t, f)
  const { fate } = useSync(app)
  const below = fate?.kind === 'started' ? fate.deploymentId : undefined
  if (isUnusable(app))
    return (
      <Suspense>
        <Problems app={app} />
      </Suspense>
    )
  return (
    <p role="status" className={styles.standing}>
      <Mark shape={said.shape} tone={said.tone} />
      <span>
        {said.text}{' '}
        {said.deploymentId && said.deploymentId !== below && (
          <Link to="/deployments/$id" params={{ id: said.deploymentId }}>
            {t.application.says.open}
          </Link>
        )}
      </span>
    </p>
  )
}

function Deploy({ app }: { app: Application }) {
  const sync = useSync(app)
  return (
    <>
      <div>
        <SyncControl app={app} sync={sync} look={isUnusable(app) ? 'plain' : 'main'} />
      </div>
      <SyncFate app={app} sync={sync} />
    </>
  )
}
