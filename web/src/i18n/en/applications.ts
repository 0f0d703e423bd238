export const applications = {
  title: 'Applications',
  count: (n: number, shown: string) => (n === 1 ? '1 application' : `${shown} applications`),
  status: 'Status',
  kind: 'Kind',
  version: 'Version',
  piped: 'Piped',
  updated: 'Updated',
  labels: 'Labels',
  emptyTitle: 'No applications yet',
  emptyText: 'An application is a folder in Git with an app.pipecd.yaml, and the ECS service it describes.',
}
