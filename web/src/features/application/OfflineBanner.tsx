import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ms, pipedQuery, pipedTopic, useTopic } from '~/api'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { useTexts } from '~/i18n'
import { Banner, buttonClass, CopyButton, RelativeTime } from '~/kit'
import styles from './application.module.css'

const command = 'piped run --config-file=piped.yaml'

// OfflineBanner says that nothing happens to the application, and why: the agent
// that deploys it is not there.
export function OfflineBanner({ app }: { app: Application }) {
  const t = useTexts()
  const w = t.application.offline
  const id = app.application?.pipedId ?? ''
  const absent = !app.pipedOnline
  useTopic(absent ? pipedTopic(id) : undefined)
  const { data } = useQuery({ ...pipedQuery(id), enabled: absent && id !== '' })
  if (!absent) return null
  const seen = data && ms(data.lastSeenAt)
  const name = app.pipedName
  const title = data?.piped?.disabled ? w.disabled(name) : data && seen === undefined ? w.never(name) : w.title(name)
  return (
    <Banner
      tone="warn"
      shape="plug"
      action={
        <Link to="/settings/piped" className={buttonClass()}>
          {w.show}
        </Link>
      }
    >
      <p>
        <b>{title}</b>{' '}
        {seen !== undefined && (
          <span className={styles.quiet}>
            {w.seen} <RelativeTime at={seen} />
          </span>
        )}
      </p>
      <p>{w.frozen}</p>
      {!data?.piped?.disabled && (
        <p className={styles.check}>
          {w.check}{' '}
          <span className={styles.command}>
            <code>{command}</code>
            <CopyButton text={command} what={w.command} />
          </span>
        </p>
      )}
    </Banner>
  )
}
