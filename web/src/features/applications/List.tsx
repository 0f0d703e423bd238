import { useAskSync } from '~/features/application'
import { SyncStrategy } from '~/gen/model/model_pb'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { useFormats, useTexts } from '~/i18n'
import { Panel, Table, useShortcut } from '~/kit'
import { columnsOf, idOf } from './Rows'

interface Props {
  apps: readonly Application[]
  onEdit: (id: string) => void
}

// List is the applications, a row or, on a phone, a card each. The key s syncs
// the one that has the focus.
export function List({ apps, onEdit }: Props) {
  const t = useTexts()
  const f = useFormats()
  const ask = useAskSync()
  useShortcut({
    keys: 's',
    label: t.application.sync.key,
    group: 'lists',
    run: () => {
      const id = document.activeElement?.getAttribute('data-row')
      const app = id ? apps.find(a => idOf(a) === id) : undefined
      if (app) ask(app, SyncStrategy.AUTO)
    },
  })
  return (
    <Panel>
      <Table
        label={t.applications.title}
        columns={columnsOf(t, f, onEdit)}
        rows={apps}
        keyOf={idOf}
        dim={a => a.application?.disabled ?? false}
      />
    </Panel>
  )
}
