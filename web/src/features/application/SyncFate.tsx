import { Link } from '@tanstack/react-router'
import { X } from 'lucide-react'
import { problemOf } from '~/api'
import { SyncStrategy } from '~/gen/model/model_pb'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { type Catalog, useTexts } from '~/i18n'
import { Banner, Button, buttonClass, IconButton, Quote, type Shape, type Tone } from '~/kit'
import styles from './application.module.css'
import { type Fate, strategyName } from './fate'
import type { Sync } from './useSync'

interface Said {
  tone: Tone
  shape: Shape
  text: string
  more?: string
}

// saidOf puts a request's fate into words.
function saidOf(fate: Fate, how: string, piped: string, t: Catalog): Said | undefined {
  const w = t.application.sync
  switch (fate.kind) {
    case 'asking':
      return undefined // the button says so
    case 'waiting':
      return { tone: 'run', shape: 'ring', text: w.requested(how, piped) }
    case 'offline':
      return { tone: 'warn', shape: 'plug', text: w.offline(how, piped) }
    case 'started':
      return { tone: 'ok', shape: 'check', text: w.done(how) }
    case 'failed':
      return { tone: 'bad', shape: 'cross', text: w.failed(how), more: fate.reason }
    case 'lapsed':
      return { tone: 'warn', shape: 'alert', text: w.lapsed(how, piped) }
    case 'notSent':
      return { tone: 'bad', shape: 'alert', text: w.notSent(how), more: problemOf(fate.error).sentence }
  }
}

// SyncFate says in place what became of the last SYNC, and leads to the
// deployment that it started.
export function SyncFate({ app, sync }: { app: Application; sync: Sync }) {
  const t = useTexts()
  const w = t.application.sync
  const strategy = sync.strategy ?? SyncStrategy.AUTO
  const said = sync.fate && saidOf(sync.fate, strategyName(strategy, t), app.pipedName, t)
  return (
    <div role="status" className={styles.fate}>
      {said && (
        <Banner tone={said.tone} shape={said.shape} action={<Next sync={sync} strategy={strategy} />}>
          <p>{said.text}</p>
          {said.more && (
            <p className={styles.reason}>
              <Quote>{said.more}</Quote>
            </p>
          )}
          {sync.unanswered && <p className={styles.quiet}>{w.unanswered}</p>}
        </Banner>
      )}
    </div>
  )
}

function Next({ sync, strategy }: { sync: Sync; strategy: SyncStrategy }) {
  const t = useTexts()
  const w = t.application.sync
  const { fate } = sync
  if (!fate || sync.busy) return null
  return (
    <span className={styles.next}>
      {fate.kind === 'started' && fate.deploymentId && (
        <Link to="/deployments/$id" params={{ id: fate.deploymentId }} className={buttonClass()}>
          {w.open}
        </Link>
      )}
      {fate.kind !== 'started' && <Button onClick={() => sync.ask(strategy)}>{w.again}</Button>}
      <IconButton label={w.dismiss} icon={<X size={16} aria-hidden="true" />} onClick={sync.dismiss} />
    </span>
  )
}
