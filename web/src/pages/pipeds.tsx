import { useQuery } from '@tanstack/react-query'
import { pipedsQuery, pipedsTopic, useTopic } from '~/api'
import { Piped_ConnectionStatus } from '~/gen/model/model_pb'
import { useTexts } from '~/i18n'
import { ErrorPanel, Page, Panel, pipedState, SkeletonRows, StatusMark, Table } from '~/kit'

export function PipedsPage() {
  const t = useTexts()
  useTopic(pipedsTopic)
  const { data, error, isPending, refetch } = useQuery(pipedsQuery())
  return (
    <Page title={t.pipeds.title}>
      {error && <ErrorPanel error={error} onRetry={() => void refetch()} />}
      {isPending && <SkeletonRows />}
      {data && (
        <Panel>
          <Table
            label={t.pipeds.title}
            rows={data.pipeds}
            keyOf={p => p.piped?.id ?? ''}
            columns={[
              { id: 'name', heading: t.common.name, lead: true, cell: p => p.piped?.name },
              {
                id: 'status',
                heading: t.applications.status,
                cell: p => (
                  <StatusMark
                    of={pipedState(p.piped?.status ?? Piped_ConnectionStatus.UNKNOWN, p.piped?.disabled ?? false, t)}
                  />
                ),
              },
            ]}
          />
        </Panel>
      )}
    </Page>
  )
}
