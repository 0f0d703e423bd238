import { ms } from '~/api'
import { ApplicationSyncStatus } from '~/gen/model/model_pb'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { useTexts } from '~/i18n'
import { Commit, CopyButton, cx, OutLink, Panel, Quote, RelativeTime } from '~/kit'
import styles from './application.module.css'
import { commitOf, type Problem, problemsOf } from './problems'
import { displayStatus, isUnreadable } from './view'

// Problems shows why the files in Git cannot be used or read, or how what runs
// differs from them.
export function Problems({ app }: { app: Application }) {
  const status = displayStatus(app)
  if (status === ApplicationSyncStatus.INVALID_CONFIG) return <Invalid app={app} />
  if (status === ApplicationSyncStatus.OUT_OF_SYNC) return <Differs app={app} />
  if (isUnreadable(app)) return <Unreadable app={app} />
  return null
}

function Invalid({ app }: { app: Application }) {
  const t = useTexts()
  const w = t.application.problems
  const state = app.application?.syncState
  const reason = state?.reason || state?.shortReason || ''
  const commit = commitOf(state?.shortReason ?? '')
  const url = app.application?.gitPath?.url
  return (
    <Panel title={w.invalid} actions={<Copied text={reason} />}>
      <ul className={styles.problems}>
        {problemsOf(reason).map((p, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: problems have no other identity
          <li key={i} className={styles.problem}>
            <Place of={p} />
            <p className={styles.message}>
              <Quote>{p.message}</Quote>
            </p>
            {p.hint && (
              <p className={styles.hint}>
                <Quote>{p.hint}</Quote>
              </p>
            )}
          </li>
        ))}
      </ul>
      <p className={styles.below}>
        {commit && (
          <span>
            {w.at} <Commit hash={commit} />
          </span>
        )}
        {state && (
          <span>
            {w.since} <RelativeTime at={ms(state.timestamp)} />
          </span>
        )}
        {url && <OutLink href={url}>{w.file}</OutLink>}
        <span>{w.invalidHint}</span>
      </p>
    </Panel>
  )
}

function Unreadable({ app }: { app: Application }) {
  const t = useTexts()
  const w = t.application.problems
  const state = app.application?.syncState
  if (!state) return null
  return (
    <Panel title={w.unreadable} actions={<Copied text={state.reason} />}>
      <p className={styles.short}>
        <Quote>{state.reason}</Quote>
      </p>
      <p className={styles.below}>
        <span>
          {w.since} <RelativeTime at={ms(state.timestamp)} />
        </span>
      </p>
    </Panel>
  )
}

// Copied does not make the panel's head higher than that of others.
function Copied({ text }: { text: string }) {
  const t = useTexts()
  return (
    <span className={styles.tuck}>
      <CopyButton text={text} what={t.application.problems.copy} />
    </span>
  )
}

function Place({ of }: { of: Problem }) {
  if (!of.file && !of.field) return null
  return (
    <p className={styles.place}>
      {of.file && (
        <code className={styles.file}>
          {of.file}
          {of.line !== undefined && (
            <b>
              :{of.line}:{of.column}
            </b>
          )}
        </code>
      )}
      {of.field && <code className={styles.field}>{of.field}</code>}
    </p>
  )
}

function Differs({ app }: { app: Application }) {
  const t = useTexts()
  const w = t.application.problems
  const { shortReason = '', reason = '' } = app.application?.syncState ?? {}
  if (!shortReason && !reason) return null
  return (
    <Panel title={w.outOfSync} actions={<Copied text={reason || shortReason} />}>
      {shortReason && (
        <p className={styles.short}>
          <Quote>{shortReason}</Quote>
        </p>
      )}
      {reason && reason !== shortReason && (
        <pre className={styles.diff} lang="en">
          {reason.split('\n').map((line, i) => (
            <span
              // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other identity
              key={i}
              className={cx(styles.line, line.startsWith('+') && styles.added, line.startsWith('-') && styles.removed)}
            >
              {line}
              {'\n'}
            </span>
          ))}
        </pre>
      )}
    </Panel>
  )
}
