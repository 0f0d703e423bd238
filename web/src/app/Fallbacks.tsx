import { ConnectError } from '@connectrpc/connect'
import { type ErrorComponentProps, Link } from '@tanstack/react-router'
import { useTexts } from '~/i18n'
import { Button, buttonClass, ErrorPanel, Page, SkeletonRows } from '~/kit'
import { isUnloaded, Unloaded } from './Unloaded'

export function NotFound() {
  const t = useTexts()
  return (
    <Page title={t.shell.notFoundTitle}>
      <p>{t.shell.notFoundText}</p>
      <p>
        <Link to="/applications" className={buttonClass()}>
          {t.shell.toApplications}
        </Link>
      </p>
    </Page>
  )
}

// Crash stands in for a page that broke; the shell around it still works.
export function Crash({ error, reset }: ErrorComponentProps) {
  const t = useTexts()
  if (isUnloaded(error))
    return (
      <Page title={t.shell.unloadedTitle}>
        <Unloaded error={error} />
      </Page>
    )
  if (error instanceof ConnectError)
    return (
      <Page title={t.errors.unknown}>
        <ErrorPanel error={error} onRetry={reset} />
      </Page>
    )
  return (
    <Page title={t.shell.crashTitle}>
      <p>{t.shell.crashText}</p>
      <p>
        <Button onClick={() => location.reload()}>{t.shell.reload}</Button>
      </p>
    </Page>
  )
}

export function Waiting() {
  const t = useTexts()
  return (
    <Page title={t.common.loading}>
      <SkeletonRows />
    </Page>
  )
}
