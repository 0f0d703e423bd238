import '~/i18n/en/late/welcome'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Check } from 'lucide-react'
import type { ReactNode } from 'react'
import { meQuery } from '~/api'
import { type Catalog, useFormats, useTexts } from '~/i18n'
import { buttonClass, cx, ErrorPanel, SkeletonRows } from '~/kit'
import { type Done, doneText, StepBody } from './StepBody'
import { isAllDone, type Known, type Place, type Step, stepsOf } from './steps'
import { useKnown } from './useKnown'
import styles from './welcome.module.css'

// Welcome leads from an empty project to the first deployment. Each step is
// ticked as it happens.
export function Welcome() {
  const { known, error, retry } = useKnown()
  const me = useQuery(meQuery).data
  if (!known || !me)
    return (
      <>
        {error !== null && error !== undefined && <ErrorPanel error={error} onRetry={retry} />}
        {!error && <SkeletonRows rows={8} />}
      </>
    )
  const place = { origin: me.address || location.origin, project: me.projectId, user: me.username }
  return <Steps known={known} place={place} />
}

function Steps({ known, place }: { known: Known; place: Place }) {
  const t = useTexts()
  const f = useFormats()
  const steps = stepsOf(known)
  const done = steps.filter(s => s.state === 'done').length
  const all = isAllDone(steps)
  return (
    <div className={styles.welcome}>
      <p className={styles.lead}>{all ? t.welcome.doneText : t.welcome.lead}</p>
      <div className={styles.progress}>
        <progress max={steps.length} value={done} aria-label={t.shell.welcome} className={styles.bar} />
        <span>{t.welcome.progress(f.number(done), f.number(steps.length))}</span>
      </div>
      <ol className={styles.steps}>
        {steps.map((s, i) => (
          <Row key={s.id} step={s} n={i + 1} known={known} place={place} />
        ))}
      </ol>
      {all && (
        <p className={styles.out}>
          <Link to="/applications" className={buttonClass('main')}>
            {t.welcome.toApplications}
          </Link>
        </p>
      )}
    </div>
  )
}

function Row({ step, n, known, place }: { step: Step; n: number; known: Known; place: Place }) {
  const t = useTexts()
  const f = useFormats()
  const w = t.welcome[step.id]
  return (
    <li className={cx(styles.step, styles[step.state])} aria-current={step.state === 'now' ? 'step' : undefined}>
      <span className={styles.number} aria-hidden="true">
        {step.state === 'done' ? <Check size={16} strokeWidth={3} /> : f.number(n)}
      </span>
      <div className={styles.text}>
        <h2 className={styles.title}>
          {w.title} <span className={styles.state}>{stateWord(step, t)}</span>
        </h2>
        <Told step={step}>{w.text}</Told>
        <StepBody step={step} known={known} place={place} />
      </div>
    </li>
  )
}

// Told is what a step is, or, when it is done, what did it.
function Told({ step, children }: { step: Step; children: ReactNode }) {
  const t = useTexts()
  const f = useFormats()
  const said: Done | undefined = step.state === 'done' ? doneText(step, t, f) : undefined
  return <p className={styles.told}>{said ?? children}</p>
}

function stateWord(step: Step, t: Catalog): string {
  return { done: t.welcome.done, now: t.welcome.now, later: t.welcome.later }[step.state]
}
