import { Link } from '@tanstack/react-router'
import { Ellipsis, X } from 'lucide-react'
import { ms } from '~/api'
import {
  displayStatus,
  kindName,
  running,
  strategyName,
  useActions,
  useIsPipedDisabled,
  useSync,
  useSyncItems,
  Versions,
} from '~/features/application'
import { MiniPipeline } from '~/features/stages'
import { SyncStrategy } from '~/gen/model/model_pb'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { type Catalog, type Formats, useTexts } from '~/i18n'
import { Chip, type Column, IconButton, Labels, Mark, Menu, Quote, RelativeTime, StatusMark, syncState } from '~/kit'
import styles from './applications.module.css'

export function idOf(app: Application): string {
  return app.application?.id ?? ''
}

// columnsOf are the columns of the list.
export function columnsOf(t: Catalog, f: Formats, onEdit: (id: string) => void): Column<Application>[] {
  const w = t.applications
  return [
    {
      id: 'status',
      heading: w.status,
      tight: true,
      width: '9rem',
      bare: true,
      cell: app => <StatusMark of={syncState(displayStatus(app), t)} />,
    },
    { id: 'name', heading: t.common.name, lead: true, cell: app => <Name app={app} /> },
    {
      id: 'kind',
      heading: w.kind,
      tight: true,
      width: '5.5rem',
      extra: true,
      bare: true,
      cell: app => app.application && kindName(app.application.kind, t),
    },
    { id: 'version', heading: w.version, width: '11rem', bare: true, cell: app => <Versions app={app} /> },
    {
      id: 'deployment',
      heading: w.deployment,
      width: '14.5rem',
      bare: true,
      cell: app => <Latest app={app} f={f} />,
    },
    { id: 'piped', heading: w.piped, width: '10rem', bare: true, cell: app => <PipedCell app={app} /> },
    {
      id: 'labels',
      heading: w.labels,
      extra: true,
      bare: true,
      cell: app =>
        Object.keys(app.application?.labels ?? {}).length > 0 && <Labels of={app.application?.labels ?? {}} />,
    },
    {
      id: 'updated',
      heading: w.updated,
      tight: true,
      width: '8rem',
      end: true,
      extra: true,
      bare: true,
      cell: app => <RelativeTime at={ms(app.application?.updatedAt ?? 0n)} />,
    },
    {
      id: 'menu',
      heading: t.common.more,
      menu: true,
      tight: true,
      width: '3.75rem',
      cell: app => <RowMenu app={app} onEdit={onEdit} />,
    },
  ]
}

function Name({ app }: { app: Application }) {
  const t = useTexts()
  return (
    <span className={styles.nameCell}>
      <span className={styles.nameLine}>
        <Link to="/applications/$id" params={{ id: idOf(app) }} data-row={idOf(app)} className={styles.rowLink}>
          {app.application?.name}
        </Link>
        {app.application?.disabled && <Chip>{t.applications.disabled}</Chip>}
      </span>
      <RowFate app={app} />
    </span>
  )
}

// Latest is the pipeline of the last deployment, which leads to it.
function Latest({ app, f }: { app: Application; f: Formats }) {
  const t = useTexts()
  const d = app.latest
  if (!d) return null
  const share = running(app)?.canaryPercent
  return (
    <span className={styles.latest}>
      {d.stages.length > 0 && (
        <Link to="/deployments/$id" params={{ id: d.id }} className={styles.pipeline}>
          <MiniPipeline stages={d.stages} />
        </Link>
      )}
      {share !== undefined && (
        <Chip canary title={t.applications.ofTraffic(f.percent(share))}>
          {f.percent(share)}
        </Chip>
      )}
    </span>
  )
}

function PipedCell({ app }: { app: Application }) {
  const t = useTexts()
  const w = t.status.piped
  const disabled = useIsPipedDisabled(app)
  const title = disabled ? t.application.offline.disabled(app.pipedName) : t.applications.pipedOffline(app.pipedName)
  return (
    <span className={styles.piped}>
      <span className={styles.prefix} aria-hidden="true">
        {t.applications.piped}
      </span>
      {(disabled || !app.pipedOnline) && (
        <span role="img" aria-label={disabled ? w.disabled : w.offline} title={title}>
          <Mark shape={disabled ? 'slash' : 'plug'} tone={disabled ? 'idle' : 'bad'} />
        </span>
      )}
      <span className={styles.pipedName} title={app.pipedName}>
        {app.pipedName}
      </span>
    </span>
  )
}

function RowMenu({ app, onEdit }: { app: Application; onEdit: (id: string) => void }) {
  const t = useTexts()
  const sync = useSync(app)
  const syncItems = useSyncItems(app, sync)
  const { items, dialog } = useActions(app, { onEdit: () => onEdit(idOf(app)) })
  const name = app.application?.name ?? ''
  return (
    <>
      <Menu
        label={t.common.moreActions(name)}
        items={[...syncItems, { id: 'first line', line: true }, ...items]}
        align="end"
        trigger={p => (
          <IconButton {...p} label={t.common.moreActions(name)} icon={<Ellipsis size={16} aria-hidden="true" />} />
        )}
      />
      {dialog}
    </>
  )
}

// RowFate says below the name what became of a SYNC from this row.
function RowFate({ app }: { app: Application }) {
  const t = useTexts()
  const w = t.application.sync
  const sync = useSync(app)
  const { fate } = sync
  if (!fate) return null
  const how = strategyName(sync.strategy ?? SyncStrategy.AUTO, t)
  const drop = <IconButton label={w.dismiss} icon={<X size={14} aria-hidden="true" />} onClick={sync.dismiss} />
  return (
    <span role="status" className={styles.fate}>
      {sync.busy && (
        <>
          <Mark shape={fate.kind === 'offline' ? 'plug' : 'ring'} tone={fate.kind === 'offline' ? 'warn' : 'run'} />
          <span title={fate.kind === 'offline' ? w.offline(how, app.pipedName) : w.requested(how, app.pipedName)}>
            {how}: {w.waiting}
          </span>
        </>
      )}
      {fate.kind === 'started' && (
        <>
          <Mark shape="check" tone="ok" />
          {fate.deploymentId && (
            <Link to="/deployments/$id" params={{ id: fate.deploymentId }}>
              {w.open}
            </Link>
          )}
          {drop}
        </>
      )}
      {fate.kind === 'failed' && (
        <>
          <Mark shape="cross" tone="bad" />
          <span>
            {w.failed(how)} {fate.reason && <Quote>{fate.reason}</Quote>}
          </span>
          {drop}
        </>
      )}
      {(fate.kind === 'lapsed' || fate.kind === 'notSent') && (
        <>
          <Mark shape="alert" tone="warn" />
          <span>{fate.kind === 'lapsed' ? w.lapsed(how, app.pipedName) : w.notSent(how)}</span>
          {drop}
        </>
      )}
    </span>
  )
}
