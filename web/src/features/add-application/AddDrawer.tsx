import '~/i18n/en/late/add'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { suggestionsQuery } from '~/api'
import { type Catalog, useTexts } from '~/i18n'
import { Button, buttonClass, Drawer, EmptyState, ErrorPanel, SkeletonRows, Tabs } from '~/kit'
import { AddedView } from './Added'
import { NoPiped } from './fields'
import { sourcesOf } from './form'
import { ManualForm, useDraft } from './ManualForm'
import { type Pick, type Picked, pickedOf, SuggestionForm } from './SuggestionForm'
import { type Added, useAdd, usePipeds } from './useAdd'

export type Way = 'suggestions' | 'manual'

interface Props {
  way: Way
  // Preselected: an agent's id or name.
  piped: string | undefined
  onWay: (way: Way) => void
  onClose: () => void
}

const nothingPicked: Pick = { pipedId: '', provider: '', key: '' }

// AddDrawer adds an application: one that an agent found in Git, or by hand.
export function AddDrawer(props: Props) {
  const [added, setAdded] = useState<Added | undefined>()
  // A new round starts with an empty form.
  const [round, setRound] = useState(0)
  const again = () => {
    setAdded(undefined)
    setRound(round + 1)
  }
  return added ? (
    <Done added={added} onAgain={again} onClose={props.onClose} />
  ) : (
    <Adding key={round} {...props} onAdded={setAdded} />
  )
}

function Done({ added, onAgain, onClose }: { added: Added; onAgain: () => void; onClose: () => void }) {
  const t = useTexts()
  const w = t.applications.add
  return (
    <Drawer
      open
      title={w.title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onAgain}>{w.another}</Button>
          <Link to="/applications/$id" params={{ id: added.id }} className={buttonClass()}>
            {w.open}
          </Link>
        </>
      }
    >
      <AddedView added={added} />
    </Drawer>
  )
}

function Adding({ way, piped, onWay, onClose, onAdded }: Props & { onAdded: (added: Added) => void }) {
  const t = useTexts()
  const w = t.applications.add
  const { pipeds, error, refetch, isFetching } = usePipeds()
  const suggestions = useQuery(suggestionsQuery)
  const { draft, dirty, setDraft } = useDraft(pipeds, piped)
  const [pick, setPick] = useState(nothingPicked)
  const add = useAdd(onAdded)
  const sources = sourcesOf(suggestions.data ?? [], pipeds ?? [])
  const picked = pickedOf(pick, sources)
  const bySuggestion = way === 'suggestions'
  const loading = (!pipeds && !error) || (bySuggestion && suggestions.isPending)
  const noPiped = pipeds?.length === 0
  const nothingFound = bySuggestion && sources.length === 0
  const whyNot = () => {
    if (loading) return t.common.loading
    if (!pipeds) return t.errors.unavailable
    if (noPiped) return w.noPiped
    if (nothingFound) return w.noneFound
    return bySuggestion ? whyNotPicked(picked, w) : undefined
  }
  const why = whyNot()
  const save = () => {
    if (add.isPending || why !== undefined) return
    if (!bySuggestion) {
      const { provider, ...rest } = draft
      return add.mutate({ ...rest, platformProvider: provider })
    }
    const { application: a, provider } = picked
    if (!a) return
    const { name, kind, labels, repoId, path, configFilename, pipedId, description } = a
    add.mutate({ name, kind, labels, repoId, path, configFilename, pipedId, description, platformProvider: provider })
  }
  const change = (way: Way) => {
    add.reset()
    onWay(way)
  }
  return (
    <Drawer
      open
      title={w.title}
      onClose={onClose}
      dirty={dirty || pick.key !== ''}
      onSubmit={save}
      footer={
        <>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button type="submit" look="main" busy={add.isPending} why={why}>
            {add.isPending ? w.saving : w.save}
          </Button>
        </>
      }
    >
      <Tabs
        label={w.tabs}
        tabs={[
          { id: 'suggestions', label: w.suggestions },
          { id: 'manual', label: w.manual },
        ]}
        value={way}
        onChange={change}
      >
        {error && <ErrorPanel error={error} onRetry={() => void refetch()} busy={isFetching} />}
        <Body loading={loading} noPiped={noPiped} nothingFound={nothingFound} onManual={() => change('manual')}>
          {bySuggestion && (
            <SuggestionForm
              pick={pick}
              sources={sources}
              wrong={Object.values(add.wrong)}
              other={add.other}
              onChange={setPick}
            />
          )}
          {!bySuggestion && pipeds && (
            <ManualForm draft={draft} pipeds={pipeds} wrong={add.wrong} other={add.other} onChange={setDraft} />
          )}
        </Body>
      </Tabs>
    </Drawer>
  )
}

interface BodyProps {
  loading: boolean
  noPiped: boolean
  nothingFound: boolean
  onManual: () => void
  children: ReactNode
}

// Body is the form, or what is in its way.
function Body({ loading, noPiped, nothingFound, onManual, children }: BodyProps) {
  const t = useTexts()
  const w = t.applications.add
  if (loading) return <SkeletonRows rows={8} />
  if (noPiped) return <NoPiped />
  if (nothingFound)
    return (
      <EmptyState title={w.noneFound} action={<Button onClick={onManual}>{w.manual}</Button>}>
        {w.noneFoundText}
      </EmptyState>
    )
  return children
}

function whyNotPicked({ provider, application }: Picked, w: Catalog['applications']['add']): string | undefined {
  if (!provider) return w.chooseSourceFirst
  return application ? undefined : w.chooseApplicationFirst
}
