import '~/i18n/en/late/applicationPage'
import { Link, useNavigate } from '@tanstack/react-router'
import { Ellipsis } from 'lucide-react'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { useFormats, useTexts } from '~/i18n'
import { Banner, buttonClass, Chip, cx, IconButton, Mark, Menu, Page, StatusMark, syncState } from '~/kit'
import { useActions } from './actions'
import styles from './application.module.css'
import { Facts } from './Facts'
import { Latest } from './Latest'
import { OfflineBanner } from './OfflineBanner'
import { Problems } from './Problems'
import { type Ahead, aheadOf, useRecent } from './recent'
import { SyncControl } from './SyncControl'
import { SyncFate } from './SyncFate'
import { sentenceOf } from './sentence'
import { Timeline } from './Timeline'
import { type Sync, useSync } from './useSync'
import { useSyncKey } from './useSyncKey'
import { displayStatus, kindName, overrideOf } from './view'

interface Props {
  app: Application
  oldSince?: number | undefined
  onEdit: () => void
}

// ApplicationView is an application's page: how it stands in one sentence, then
// what keeps it from going on, what was deployed, and what it is.
export function ApplicationView({ app, oldSince, onEdit }: Props) {
  const t = useTexts()
  const sync = useSync(app)
  const a = app.application
  const recent = useRecent(a?.id ?? '').data?.pages.flatMap(p => p.deployments) ?? []
  const ahead = aheadOf(app, recent)
  const disabled = a?.disabled ?? false
  const question = useSyncKey('page', () => app)
  if (!a) return null
  return (
    <Page
      title={a.name}
      note={
        <span className={styles.note}>
          <StatusMark pill of={syncState(displayStatus(app), t)} />
          {disabled && <Chip>{t.applications.disabled}</Chip>}
          <span>{kindName(a.kind, t)}</span>
        </span>
      }
      oldSince={oldSince}
      actions={<HeadActions app={app} sync={sync} onEdit={onEdit} />}
    >
      <Headline app={app} ahead={ahead} linked={sync.fate?.kind === 'started' ? sync.fate.deploymentId : ''} />
      <div className={styles.notices}>
        <SyncFate app={app} sync={sync} />
        <OfflineBanner app={app} />
        <Override app={app} />
      </div>
      <div className={styles.columns}>
        <div className={styles.column}>
          <Problems app={app} />
          <Latest app={app} ahead={ahead} recent={recent} />
          <Timeline applicationId={a.id} />
        </div>
        <Facts app={app} />
      </div>
      {question}
    </Page>
  )
}

// Override says that the branch's head is not what runs, because somebody went
// back to an earlier version.
function Override({ app }: { app: Application }) {
  const w = useTexts().application.override
  const trigger = overrideOf(app)
  if (!trigger) return null
  return (
    <Banner
      tone="warn"
      shape="back"
      action={
        <Link to="/deployments/$id" params={{ id: trigger.rolledBackTo }}>
          {w.link}
        </Link>
      }
    >
      <b>{w.title}</b> {w.text(trigger.commander, trigger.overriddenCommit.slice(0, 7))}
    </Banner>
  )
}

// Headline leads to the deployment it is about, unless what is below already does.
function Headline({ app, ahead, linked }: { app: Application; ahead: Ahead | undefined; linked: string }) {
  const t = useTexts()
  const f = useFormats()
  const sentence = sentenceOf(app, t, f, ahead)
  return (
    <p className={cx(styles.sentence, styles[sentence.tone])} data-sentence>
      <Mark shape={sentence.shape} tone={sentence.tone} />
      <span className={styles.words}>{sentence.text}</span>
      {sentence.deploymentId && sentence.deploymentId !== linked && (
        <Link to="/deployments/$id" params={{ id: sentence.deploymentId }} className={buttonClass()}>
          {t.application.says.open}
        </Link>
      )}
    </p>
  )
}

function HeadActions({ app, sync, onEdit }: Props & { sync: Sync }) {
  const t = useTexts()
  const navigate = useNavigate()
  const { items, dialog } = useActions(app, {
    onEdit,
    onDeleted: () => void navigate({ to: '/applications', replace: true }),
  })
  return (
    <>
      <SyncControl app={app} sync={sync} />
      <Menu
        label={t.application.actions}
        items={items}
        align="end"
        trigger={p => (
          <IconButton
            {...p}
            look="plain"
            label={t.common.moreActions(app.application?.name ?? '')}
            icon={<Ellipsis size={16} aria-hidden="true" />}
          />
        )}
      />
      {dialog}
    </>
  )
}
