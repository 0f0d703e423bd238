import { Link } from '@tanstack/react-router'
import { Ban, CirclePlay, Ellipsis, FileText, KeyRound, Pencil, Power, Trash2 } from 'lucide-react'
import { ms } from '~/api'
import { Piped_ConnectionStatus } from '~/gen/model/model_pb'
import type { Piped } from '~/gen/pipecd/web/v1/piped_pb'
import { type Catalog, type Formats, useFormats, useTexts } from '~/i18n'
import { Chip, type Column, IconButton, Menu, type MenuItem, pipedState, RelativeTime, StatusMark, Table } from '~/kit'
import styles from './pipeds.module.css'

// What can be done with a piped.
export type PipedAction = 'edit' | 'addKey' | 'deleteKey' | 'config' | 'setup' | 'disable' | 'enable'

interface Props {
  rows: readonly Piped[]
  onAction: (action: PipedAction, of: Piped) => void
}

export function PipedTable({ rows, onAction }: Props) {
  const t = useTexts()
  const f = useFormats()
  return (
    <Table
      label={t.pipeds.title}
      rows={rows}
      keyOf={p => p.piped?.id ?? ''}
      dim={p => p.piped?.disabled ?? false}
      columns={columnsOf(t, f, onAction)}
    />
  )
}

function columnsOf(t: Catalog, f: Formats, onAction: Props['onAction']): Column<Piped>[] {
  return [
    { id: 'name', heading: t.common.name, lead: true, cell: p => <Name of={p} /> },
    { id: 'status', heading: t.pipeds.status, tight: true, cell: p => <Presence of={p} t={t} /> },
    {
      id: 'applications',
      heading: t.pipeds.applications,
      tight: true,
      end: true,
      cell: p => (
        <Link to="/applications" search={{ pipedId: p.piped?.id ?? '' }}>
          {t.pipeds.applicationCount(p.applicationCount, f.number(p.applicationCount))}
        </Link>
      ),
    },
    { id: 'providers', heading: t.pipeds.providers, cell: p => <Providers of={p} t={t} /> },
    { id: 'repositories', heading: t.pipeds.repositories, extra: true, cell: p => <Repositories of={p} t={t} /> },
    { id: 'version', heading: t.pipeds.version, tight: true, cell: p => p.piped?.version || '–' },
    {
      id: 'started',
      heading: t.pipeds.started,
      tight: true,
      extra: true,
      cell: p => <RelativeTime at={ms(p.piped?.startedAt ?? 0n)} />,
    },
    {
      id: 'menu',
      heading: t.common.more,
      menu: true,
      tight: true,
      cell: p => (
        <Menu
          label={t.common.moreActions(p.piped?.name ?? '')}
          align="end"
          items={itemsOf(p, t, action => onAction(action, p))}
          trigger={props => (
            <IconButton
              {...props}
              label={t.common.moreActions(p.piped?.name ?? '')}
              icon={<Ellipsis size={16} aria-hidden="true" />}
            />
          )}
        />
      ),
    },
  ]
}

function Name({ of }: { of: Piped }) {
  return (
    <span className={styles.name}>
      <span>{of.piped?.name}</span>
      {of.piped?.desc && <span className={styles.desc}>{of.piped.desc}</span>}
    </span>
  )
}

// Presence is the state, and since when nothing was heard.
function Presence({ of, t }: { of: Piped; t: Catalog }) {
  const status = of.piped?.status ?? Piped_ConnectionStatus.UNKNOWN
  const seen = ms(of.lastSeenAt)
  return (
    <span className={styles.presence}>
      <StatusMark of={pipedState(status, of.piped?.disabled ?? false, t)} />
      {seen !== undefined && (
        <span className={styles.desc} title={of.host ? t.pipeds.onHost(of.host) : undefined}>
          {t.pipeds.lastSeen} <RelativeTime at={seen} />
        </span>
      )}
    </span>
  )
}

function Providers({ of, t }: { of: Piped; t: Catalog }) {
  const list = of.piped?.platformProviders ?? []
  if (list.length === 0) return <span className={styles.desc}>{t.common.none}</span>
  return (
    <span className={styles.chips}>
      {list.map(p => (
        <Chip key={`${p.type}/${p.name}`}>
          {p.type}
          <b>{p.name}</b>
        </Chip>
      ))}
    </span>
  )
}

function Repositories({ of, t }: { of: Piped; t: Catalog }) {
  const list = of.piped?.repositories ?? []
  if (list.length === 0) return <span className={styles.desc}>{t.common.none}</span>
  return (
    <span className={styles.chips}>
      {list.map(r => (
        <Chip key={r.id} title={`${r.remote} ${r.branch}`}>
          <b>{r.id}</b>
          {r.branch}
        </Chip>
      ))}
    </span>
  )
}

function itemsOf(of: Piped, t: Catalog, on: (action: PipedAction) => void): MenuItem[] {
  const size = { size: 16, 'aria-hidden': true } as const
  const two = of.keys.length > 1
  const known = (of.piped?.config ?? '') !== ''
  return [
    { id: 'edit', label: t.common.edit, icon: <Pencil {...size} />, onSelect: () => on('edit') },
    {
      id: 'addKey',
      label: t.pipeds.addKey,
      icon: <KeyRound {...size} />,
      why: two ? t.pipeds.twoKeys : undefined,
      onSelect: () => on('addKey'),
    },
    {
      id: 'deleteKey',
      label: t.pipeds.deleteKey,
      icon: <Trash2 {...size} />,
      why: two ? undefined : t.pipeds.oneKey,
      onSelect: () => on('deleteKey'),
    },
    {
      id: 'config',
      label: t.pipeds.viewConfiguration,
      icon: <FileText {...size} />,
      why: known ? undefined : t.pipeds.noConfiguration,
      onSelect: () => on('config'),
    },
    { id: 'setup', label: t.pipeds.howToStart, icon: <CirclePlay {...size} />, onSelect: () => on('setup') },
    { id: 'line', line: true },
    of.piped?.disabled
      ? { id: 'enable', label: t.common.enable, icon: <Power {...size} />, onSelect: () => on('enable') }
      : {
          id: 'disable',
          label: `${t.common.disable}…`,
          danger: true,
          icon: <Ban {...size} />,
          onSelect: () => on('disable'),
        },
  ]
}
