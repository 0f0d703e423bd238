import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { ms } from '~/api'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { type Catalog, useFormats, useTexts } from '~/i18n'
import { Button, Mark, RelativeTime, type Shape, type Tone } from '~/kit'
import styles from './applications.module.css'
import { type Need, needsOf, type Reason } from './needs'

const shownAtMost = 6

const marks: Record<Reason, [Shape, Tone]> = {
  approval: ['person', 'warn'],
  failed: ['cross', 'bad'],
  invalid: ['alert', 'bad'],
  unreadable: ['alert', 'warn'],
  outOfSync: ['drift', 'warn'],
}

// Needs is the strip above the list: what waits for a person.
export function Needs({ apps }: { apps: readonly Application[] }) {
  const t = useTexts()
  const f = useFormats()
  const w = t.applications.needs
  const [all, setAll] = useState(false)
  const needs = needsOf(apps)
  if (needs.length === 0) return null
  const rest = needs.length - shownAtMost
  return (
    <section className={styles.needs} aria-label={w.title}>
      <h2 className={styles.needsTitle}>
        {w.title} <span className={styles.badge}>{f.number(needs.length)}</span>
      </h2>
      <ul className={styles.needsList}>
        {(all ? needs : needs.slice(0, shownAtMost)).map(n => (
          <li key={n.app.application?.id}>
            <NeedLink of={n}>
              <Mark shape={marks[n.reason][0]} tone={marks[n.reason][1]} />
              <b className={styles.needName}>{n.app.application?.name}</b>
              <span className={styles.needAge}>
                <RelativeTime at={ms(n.since)} />
              </span>
              <span className={styles.needText}>{saysNeed(n, t)}</span>
            </NeedLink>
          </li>
        ))}
      </ul>
      {rest > 0 && !all && (
        <Button look="quiet" onClick={() => setAll(true)}>
          {w.more(rest, f.number(rest))}
        </Button>
      )}
    </section>
  )
}

function NeedLink({ of, children }: { of: Need; children: ReactNode }) {
  return of.deploymentId ? (
    <Link to="/deployments/$id" params={{ id: of.deploymentId }} className={styles.need}>
      {children}
    </Link>
  ) : (
    <Link to="/applications/$id" params={{ id: of.app.application?.id ?? '' }} className={styles.need}>
      {children}
    </Link>
  )
}

function saysNeed({ app, reason }: Need, t: Catalog): string {
  const w = t.applications.needs
  const version = app.latest?.version || t.applications.noVersion
  switch (reason) {
    case 'approval':
      return w.approval(version)
    case 'failed':
      return w.failed(version)
    case 'invalid':
      return w.invalid
    case 'unreadable':
      return w.unreadable
    case 'outOfSync':
      return w.outOfSync
  }
}
