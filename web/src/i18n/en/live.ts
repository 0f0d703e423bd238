export const live = {
  live: 'Live',
  liveHint: 'Changes appear as they happen.',
  connecting: 'Connecting…',
  connectingHint: 'The stream of changes is being opened.',
  polling: 'Updating every 5 s',
  pollingHint: 'The stream of changes does not get through; the page asks every 5 seconds instead.',
  offline: 'Offline',
  offlineHint: 'The control plane cannot be reached. What you see may be old.',
}
