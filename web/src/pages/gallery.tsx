import { useState } from 'react'
import { Appearance } from '~/features/preferences'
import {
  ApplicationSyncStatus,
  DeploymentStatus,
  ManualOperation,
  Piped_ConnectionStatus,
  StageStatus,
} from '~/gen/model/model_pb'
import { useTexts } from '~/i18n'
import {
  Banner,
  Button,
  Chip,
  Combobox,
  CopyButton,
  Dialog,
  Drawer,
  deploymentState,
  EmptyState,
  ErrorPanel,
  Labels,
  Page,
  Panel,
  pipedState,
  Select,
  SkeletonRows,
  SplitButton,
  StatusMark,
  stageState,
  syncState,
  Tabs,
  TextField,
  Toasts,
  toast,
} from '~/kit'

const values = <E extends Record<string, string | number>>(e: E) =>
  Object.values(e).filter((v): v is number => typeof v === 'number')
const options = ['alpha', 'beta', 'gamma', 'delta'].map(v => ({ value: v, label: v, hint: `the ${v} one` }))

// GalleryPage shows the kit. It exists while developing only.
export function GalleryPage() {
  const t = useTexts()
  const [open, setOpen] = useState<'dialog' | 'drawer' | undefined>()
  const [value, setValue] = useState('alpha')
  const [tab, setTab] = useState<'one' | 'two'>('one')
  return (
    <Page title="Kit" actions={<Appearance />}>
      <Panel title="Buttons" padded>
        <Button look="main">Main</Button> <Button>Plain</Button> <Button look="quiet">Quiet</Button>{' '}
        <Button look="danger">Danger</Button> <Button busy>Busy</Button>{' '}
        <Button why="The piped is offline">Why not</Button>{' '}
        <SplitButton
          look="main"
          menuLabel="More"
          onClick={() => toast('ok', 'check', 'Synced')}
          items={[{ id: 'q', label: 'Quick Sync', hint: 'All at once', onSelect: () => {} }]}
        >
          Sync
        </SplitButton>{' '}
        <CopyButton text="text" what="text" /> <CopyButton text="text" what="text" wordy />
      </Panel>
      <Panel title="States" padded>
        <p>
          {values(ApplicationSyncStatus).map(s => (
            <StatusMark key={s} pill of={syncState(s, t)} />
          ))}
        </p>
        <p>
          {values(DeploymentStatus).map(s => (
            <StatusMark key={s} pill of={deploymentState(s, t)} />
          ))}
        </p>
        <p>
          {values(StageStatus).map(s => (
            <StatusMark key={s} pill of={stageState(s, t)} />
          ))}
          <StatusMark pill of={stageState(StageStatus.STAGE_RUNNING, t, ManualOperation.APPROVE)} />
        </p>
        <p>
          {values(Piped_ConnectionStatus).map(s => (
            <StatusMark key={s} pill of={pipedState(s, false, t)} />
          ))}
        </p>
        <Chip canary>10 %</Chip> <Labels of={{ team: 'payments', env: 'prod' }} />
      </Panel>
      <Panel title="Fields" padded>
        <TextField label="Name" required value={value} onChange={setValue} error="That name is taken" />
        <Select label="Kind" value={value} onChange={setValue} options={options} why="Choose a piped first" />
        <Combobox
          label="Application"
          value={value}
          onChange={setValue}
          options={options}
          hint="Type a part of the name"
        />
        <Button onClick={() => setOpen('dialog')}>Dialog</Button>{' '}
        <Button onClick={() => setOpen('drawer')}>Drawer</Button>
      </Panel>
      <Tabs
        label="Tabs"
        tabs={[
          { id: 'one', label: 'One' },
          { id: 'two', label: 'Two' },
        ]}
        value={tab}
        onChange={setTab}
      >
        {tab}
      </Tabs>
      <Banner tone="warn">The piped tokyo-prod is offline.</Banner>
      <ErrorPanel error={new Error('the store does not answer')} onRetry={() => {}} />
      <SkeletonRows rows={3} />
      <EmptyState title="Nothing here" action={<Button look="main">Add</Button>}>
        Says why there is nothing.
      </EmptyState>
      <Dialog
        open={open === 'dialog'}
        title="A dialog"
        dirty
        onClose={() => setOpen(undefined)}
        footer={<Button look="main">Save</Button>}
      >
        Text.
      </Dialog>
      <Drawer open={open === 'drawer'} title="A drawer" onClose={() => setOpen(undefined)}>
        Text.
      </Drawer>
      <Toasts />
    </Page>
  )
}
