import { useQuery } from '@tanstack/react-query'
import { applicationQuery, applicationTopic, useTopic } from '~/api'
import { filePath, SyncControl, SyncFate, useSync } from '~/features/application'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { useTexts } from '~/i18n'
import { Mark, Skeleton } from '~/kit'
import styles from './add.module.css'
import type { Added } from './useAdd'

// AddedView says what was added and offers to deploy it.
export function AddedView({ added }: { added: Added }) {
  const t = useTexts()
  const w = t.applications.add
  useTopic(applicationTopic(added.id))
  const { data } = useQuery(applicationQuery(added.id))
  return (
    <div className={styles.added}>
      <p className={styles.addedTitle} role="status">
        <Mark shape="check" tone="ok" />
        <b>{w.doneTitle(added.name)}</b>
      </p>
      <p>{w.doneText}</p>
      <p>
        <code>
          {added.repoId}: {filePath(added.path, added.configFilename)}
        </code>
      </p>
      <p>{w.doneNext}</p>
      {data ? <Deploy app={data} /> : <Skeleton width="6rem" height="2rem" />}
    </div>
  )
}

function Deploy({ app }: { app: Application }) {
  const sync = useSync(app)
  return (
    <>
      <div>
        <SyncControl app={app} sync={sync} />
      </div>
      <SyncFate app={app} sync={sync} />
    </>
  )
}
