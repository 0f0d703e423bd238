export const deployments = {
  title: 'Deployments',
  application: 'Application',
  status: 'Status',
  summary: 'Summary',
  commit: 'Commit',
  started: 'Started',
  duration: 'Duration',
  noSummary: 'No description.',
  emptyTitle: 'No deployments yet',
  emptyText: 'A deployment starts when a commit changes an application, or when somebody presses Sync.',
}
