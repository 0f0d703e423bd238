import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { Suspense } from 'react'
import {
  applicationCountsQuery,
  applicationQuery,
  applicationsQuery,
  applicationsTopic,
  pipedsQuery,
  suggestionsQuery,
  useOldSince,
  useTopic,
} from '~/api'
import { AddDrawer, EditDrawer, type Way } from '~/features/add-application'
import {
  Filters,
  filterOf,
  isNarrowed,
  List,
  type ListFilter,
  listedCount,
  Needs,
  Nothing,
  requestOf,
} from '~/features/applications'
import { Welcome } from '~/features/welcome'
import { useFormats, useTexts } from '~/i18n'
import { Button, EmptyState, ErrorPanel, Page, Pagination, SkeletonRows } from '~/kit'

const pageSize = 100

export function ApplicationsPage() {
  const t = useTexts()
  const f = useFormats()
  const search = useSearch({ from: '/shell/applications' })
  const navigate = useNavigate({ from: '/applications' })
  const filter = filterOf(search)
  useTopic(applicationsTopic)
  const list = useQuery(applicationsQuery({ filter: requestOf(filter), pageSize, cursor: search.page ?? '' }))
  const counts = useQuery(applicationCountsQuery({ filter: requestOf(filter) })).data
  const oldSince = useOldSince(list)
  const rows = list.data?.applications ?? []
  const cursor = list.data?.cursor
  const narrowed = isNarrowed(filter)
  const isEmpty = list.data !== undefined && !list.isPlaceholderData && rows.length === 0
  const isNew = isEmpty && !narrowed && !search.page
  const change = (next: ListFilter) =>
    void navigate({ search: ({ add, piped, edit }) => kept({ add, piped, edit }, next), replace: true })
  const setEdit = (id: string | undefined) =>
    void navigate({ search: ({ edit: _, ...rest }) => (id ? { ...rest, edit: id } : rest) })
  return (
    <Page
      title={isNew ? t.shell.welcome : t.applications.title}
      note={
        counts &&
        !isNew &&
        t.applications.count(listedCount(counts, filter.syncStatus), f.number(listedCount(counts, filter.syncStatus)))
      }
      actions={<AddButton quiet={isNew} />}
      oldSince={oldSince}
    >
      {list.error && oldSince === undefined && (
        <ErrorPanel error={list.error} onRetry={() => void list.refetch()} busy={list.isFetching} />
      )}
      {isNew ? (
        <Suspense fallback={<SkeletonRows />}>
          <Welcome />
        </Suspense>
      ) : (
        <>
          {!search.page && <Needs apps={rows} />}
          <Filters filter={filter} counts={counts} onChange={change} />
          {list.isPending && <SkeletonRows />}
          {isEmpty && narrowed && !search.page && <NothingHere filter={filter} onChange={change} />}
          {isEmpty && search.page && (
            <EmptyState title={t.applications.nothing.pageTitle}>{t.applications.nothing.pageText}</EmptyState>
          )}
          {rows.length > 0 && <List apps={rows} onEdit={setEdit} />}
          <Pagination
            onFirst={search.page ? () => void navigate({ search: ({ page: _, ...rest }) => rest }) : undefined}
            onNext={cursor ? () => void navigate({ search: s => ({ ...s, page: cursor }) }) : undefined}
            busy={list.isPlaceholderData}
          />
        </>
      )}
      <Drawers onEdited={() => setEdit(undefined)} />
    </Page>
  )
}

// kept is the address with another filter: the first page of it, and what is
// open stays open.
function kept(open: { add: Way | undefined; piped: string | undefined; edit: string | undefined }, filter: ListFilter) {
  return {
    ...filter,
    ...(open.add !== undefined && { add: open.add }),
    ...(open.piped !== undefined && { piped: open.piped }),
    ...(open.edit !== undefined && { edit: open.edit }),
  }
}

// AddButton opens the form at the tab that has something to offer.
function AddButton({ quiet }: { quiet: boolean }) {
  const t = useTexts()
  const navigate = useNavigate({ from: '/applications' })
  const queries = useQueryClient()
  const open = async () => {
    const found = await queries.fetchQuery(suggestionsQuery).catch(() => [])
    await navigate({ search: s => ({ ...s, add: found.length > 0 ? ('suggestions' as const) : ('manual' as const) }) })
  }
  return (
    <Button look={quiet ? 'plain' : 'main'} onClick={() => void open()}>
      <Plus size={16} aria-hidden="true" />
      {t.applications.addButton}
    </Button>
  )
}

function NothingHere({ filter, onChange }: { filter: ListFilter; onChange: (filter: ListFilter) => void }) {
  const t = useTexts()
  const pipeds = useQuery(pipedsQuery({ pageSize: 500 })).data?.pipeds ?? []
  const pipedName = (id: string) => pipeds.find(p => p.piped?.id === id)?.piped?.name ?? t.applications.notListed
  return (
    <Suspense>
      <Nothing filter={filter} pipedName={pipedName} onChange={onChange} />
    </Suspense>
  )
}

// Drawers are the forms that the address opens.
function Drawers({ onEdited }: { onEdited: () => void }) {
  const { add, piped, edit } = useSearch({ from: '/shell/applications' })
  const navigate = useNavigate({ from: '/applications' })
  const edited = useQuery({ ...applicationQuery(edit ?? ''), enabled: edit !== undefined }).data?.application
  return (
    <Suspense>
      {add && (
        <AddDrawer
          way={add}
          piped={piped}
          onWay={way => void navigate({ search: s => ({ ...s, add: way }), replace: true })}
          onClose={() => void navigate({ search: ({ add: _, piped: __, ...rest }) => rest })}
        />
      )}
      {edited && <EditDrawer key={edited.id} app={edited} onClose={onEdited} />}
    </Suspense>
  )
}
