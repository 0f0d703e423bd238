import '~/i18n/en/late/pipeds'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { api, keys, pipedsQuery, pipedsTopic, useTopic } from '~/api'
import {
  ActiveStatus,
  AddKey,
  Configuration,
  DeleteKey,
  DisablePiped,
  HowToStart,
  type NewKey,
  type PipedAction,
  PipedForm,
  PipedTable,
  Registered,
} from '~/features/pipeds'
import type { Piped } from '~/gen/pipecd/web/v1/piped_pb'
import { useFormats, useTexts } from '~/i18n'
import { Button, EmptyState, ErrorPanel, Page, Pagination, Panel, SkeletonRows, toast } from '~/kit'
import type { PipedsSearch } from './pipeds.search'

const pageSize = 200
// Ages of a list that nothing else changes stay right by this.
const seenEvery = 20_000

export function PipedsPage() {
  const t = useTexts()
  const f = useFormats()
  const search = useSearch({ from: '/shell/settings/piped' })
  const navigate = useNavigate({ from: '/settings/piped' })
  const [newKey, setNewKey] = useState<NewKey>()
  const [asking, setAsking] = useState<{ action: PipedAction; of: Piped }>()
  useTopic(pipedsTopic)
  const list = useQuery({ ...pipedsQuery({ pageSize, cursor: search.page ?? '' }), refetchInterval: seenEvery })
  const enable = useEnable()
  const all = list.data?.pipeds ?? []
  const rows = all.filter(p => isShown(p, search.activeStatus))
  const cursor = list.data?.cursor
  const go = (change: (s: PipedsSearch) => PipedsSearch, replace = false) => void navigate({ search: change, replace })
  const shut = () => go(({ add: _, show: __, piped: ___, ...rest }) => rest)
  const act = (action: PipedAction, of: Piped) => {
    if (action === 'edit' || action === 'config' || action === 'setup')
      go(s => ({ ...s, show: action, piped: of.piped?.id ?? '' }))
    else if (action === 'enable') enable.mutate(of)
    else setAsking({ action, of })
  }
  const add = (
    <Button look="main" onClick={() => go(s => ({ ...s, add: 'piped' }))}>
      <Plus size={16} aria-hidden="true" />
      {t.pipeds.addButton}
    </Button>
  )
  return (
    <Page title={t.pipeds.title} note={list.data && t.pipeds.count(all.length, f.number(all.length))} actions={add}>
      {list.error && <ErrorPanel error={list.error} onRetry={() => void list.refetch()} busy={list.isFetching} />}
      {enable.error && <ErrorPanel error={enable.error} />}
      {list.isPending && <SkeletonRows />}
      {list.data && all.length === 0 && (
        <EmptyState title={t.pipeds.emptyTitle} action={add}>
          {t.pipeds.lead} {t.pipeds.emptyText}
        </EmptyState>
      )}
      <ActiveStatus all={all} value={search.activeStatus} onChange={v => go(s => withStatus(s, v), true)} />
      {all.length > 0 && rows.length === 0 && (
        <EmptyState
          title={t.pipeds.noneMatch}
          action={<Button onClick={() => go(s => withStatus(s, undefined), true)}>{t.pipeds.showAll}</Button>}
        />
      )}
      {rows.length > 0 && (
        <Panel>
          <PipedTable rows={rows} onAction={act} />
        </Panel>
      )}
      <Pagination
        onFirst={search.page ? () => go(({ page: _, ...rest }) => rest) : undefined}
        onNext={cursor ? () => go(s => ({ ...s, page: cursor })) : undefined}
        busy={list.isPlaceholderData}
      />
      {search.add && !newKey && <PipedForm onClose={shut} onRegistered={setNewKey} />}
      {newKey && (
        <Registered
          of={newKey}
          onClose={() => {
            setNewKey(undefined)
            if (newKey.first) shut()
          }}
        />
      )}
      <Shown search={search} all={all} onClose={shut} />
      <Asked asking={asking} onClose={() => setAsking(undefined)} onKey={setNewKey} />
    </Page>
  )
}

function isShown(p: Piped, status: PipedsSearch['activeStatus']): boolean {
  return status === undefined || (p.piped?.disabled ?? false) === (status === 'disabled')
}

function withStatus({ activeStatus: _, ...rest }: PipedsSearch, value: PipedsSearch['activeStatus']): PipedsSearch {
  return value ? { ...rest, activeStatus: value } : rest
}

function useEnable() {
  const t = useTexts()
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (of: Piped) => api.enablePiped({ pipedId: of.piped?.id ?? '' }),
    onSuccess: (_, of) => {
      void queries.invalidateQueries({ queryKey: keys.pipeds })
      toast('ok', 'check', t.pipeds.enabledDone(of.piped?.name ?? ''))
    },
  })
}

// Shown is what the address says is open about one piped.
function Shown({ search, all, onClose }: { search: PipedsSearch; all: readonly Piped[]; onClose: () => void }) {
  const of = all.find(p => p.piped?.id === search.piped)?.piped
  if (!of || !search.show) return null
  switch (search.show) {
    case 'edit':
      return <PipedForm key={of.id} piped={of} onClose={onClose} />
    case 'config':
      return <Configuration pipedId={of.id} onClose={onClose} />
    case 'setup':
      return <HowToStart pipedId={of.id} name={of.name} onClose={onClose} />
  }
}

interface AskedProps {
  asking: { action: PipedAction; of: Piped } | undefined
  onClose: () => void
  onKey: (key: NewKey) => void
}

// Asked is what is confirmed before it is done.
function Asked({ asking, onClose, onKey }: AskedProps) {
  switch (asking?.action) {
    case 'addKey':
      return <AddKey of={asking.of} onClose={onClose} onKey={onKey} />
    case 'deleteKey':
      return <DeleteKey of={asking.of} onClose={onClose} />
    case 'disable':
      return <DisablePiped of={asking.of} onClose={onClose} />
    default:
      return null
  }
}
