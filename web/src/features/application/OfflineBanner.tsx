import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { meQuery, ms } from '~/api'
import { addressOf, startCommand } from '~/features/piped-file'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { useTexts } from '~/i18n'
import { Banner, buttonClass, CopyButton, RelativeTime } from '~/kit'
import styles from './application.module.css'
import { usePiped } from './piped'

// OfflineBanner says that nothing happens to the application, and why: the agent
// that deploys it is not there, or is not let in.
export function OfflineBanner({ app }: { app: Application }) {
  const t = useTexts()
  const w = t.application.offline
  const piped = usePiped(app)
  const disabled = piped?.piped?.disabled ?? false
  if (app.pipedOnline && !disabled) return null
  const seen = piped && ms(piped.lastSeenAt)
  const name = app.pipedName
  const title = disabled ? w.disabled(name) : piped && seen === undefined ? w.never(name) : w.title(name)
  const id = app.application?.pipedId ?? ''
  return (
    <Banner
      tone="warn"
      shape={disabled ? 'slash' : 'plug'}
      action={
        <Link
          to="/settings/piped"
          search={disabled ? { activeStatus: 'disabled' } : { show: 'setup', piped: id }}
          className={buttonClass()}
        >
          {disabled ? w.show : w.start}
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
      <p>{disabled ? w.frozenDisabled : w.frozen}</p>
      {!disabled && <Check />}
    </Banner>
  )
}

// Check says what to do about it on the machine where the agent is.
function Check() {
  const w = useTexts().application.offline
  const me = useQuery(meQuery).data
  const command = startCommand(addressOf(me?.address ?? '', location))
  return (
    <p className={styles.check}>
      {w.check}{' '}
      <span className={styles.command}>
        <code>{command}</code>
        <CopyButton text={command} what={w.command} />
      </span>
    </p>
  )
}
