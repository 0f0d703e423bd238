import { useSyncKey } from '~/features/application'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { useFormats, useTexts } from '~/i18n'
import { Panel, Table } from '~/kit'
import { columnsOf, idOf } from './Rows'

interface Props {
  apps: readonly Application[]
  onEdit: (id: string) => void
}

// List is the applications, a row or, on a phone, a card each. The key s asks
// whether to sync the one that has the focus.
export function List({ apps, onEdit }: Props) {
  const t = useTexts()
  const f = useFormats()
  const question = useSyncKey('lists', () => {
    const id = document.activeElement?.getAttribute('data-row')
    return id ? apps.find(a => idOf(a) === id) : undefined
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
      {question}
    </Panel>
  )
}
