import { Code } from '@connectrpc/connect'
import { codeName, problemOf, titleOf } from '~/api'
import { useTexts } from '~/i18n'
import styles from './Bits.module.css'
import { Button } from './Button'
import { CopyButton } from './CopyButton'
import { Quote } from './Quote'
import { Mark } from './Status'

interface Props {
  error: unknown
  onRetry?: (() => void) | undefined
  busy?: boolean | undefined
}

// ErrorPanel says in place what went wrong: what kind, the control plane's
// sentence, and the id that leads an operator to the line in the log.
export function ErrorPanel({ error, onRetry, busy }: Props) {
  const t = useTexts()
  const problem = problemOf(error)
  return (
    <div className={styles.panel} role="alert">
      <p className={styles.panelTitle}>
        <Mark shape="alert" tone="bad" />
        {problem.unreachable ? t.errors.unavailable : titleOf(problem.code, t)}
      </p>
      <p className={styles.sentence}>
        {problem.unreachable ? t.errors.unreachable : <Quote>{problem.sentence}</Quote>}
      </p>
      <p className={styles.facts}>
        {problem.code !== Code.Unknown && (
          <span>
            {t.errors.code} <code>{codeName(problem.code)}</code>
          </span>
        )}
        {problem.requestId && (
          <span>
            {t.errors.requestId} <code>{problem.requestId}</code>
            <CopyButton text={problem.requestId} what={t.errors.requestId} />
          </span>
        )}
      </p>
      {onRetry && (
        <Button onClick={onRetry} busy={busy}>
          {t.common.retry}
        </Button>
      )}
    </div>
  )
}
