import '~/i18n/en/late/pipeds'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { addressOf, firstExamples, pipedFile, startCommand } from '~/features/piped-file'
import { type Catalog, type Formats, useFormats, useTexts } from '~/i18n'
import { buttonClass, CopyButton, Mark } from '~/kit'
import { addApplicationCommand, addPipedCommand, type Known, type Place, type Step, syncCommand } from './steps'
import styles from './welcome.module.css'

export type Done = string

const namedAtMost = 3

// doneText says what did a step.
export function doneText(step: Step, t: Catalog, f: Formats): Done {
  const [first = ''] = step.by
  const rest = step.by.length - namedAtMost
  const shown = step.by.slice(0, namedAtMost)
  const names = rest > 0 ? f.list([...shown, t.welcome.others(rest, f.number(rest))]) : f.list(shown)
  return step.id === 'deployment' ? t.welcome.deployment.done(first) : t.welcome[step.id].done(names)
}

interface Props {
  step: Step
  known: Known
  place: Place
}

// StepBody is what to do next; nothing where there is nothing to do yet.
export function StepBody({ step, known, place }: Props) {
  if (step.state !== 'now') return null
  switch (step.id) {
    case 'piped':
      return <CreatePiped place={place} />
    case 'connected':
      return <StartPiped known={known} place={place} />
    case 'repository':
      return <ShowRepository place={place} />
    case 'application':
      return <AddApplication known={known} />
    case 'deployment':
      return <Deploy known={known} />
  }
}

function CreatePiped({ place }: { place: Place }) {
  const t = useTexts()
  const w = t.welcome
  return (
    <>
      <p>
        <Link to="/settings/piped" search={{ add: 'piped' }} className={buttonClass('main')}>
          {w.piped.link}
        </Link>
      </p>
      <p className={styles.or}>{w.or}</p>
      <Code text={addPipedCommand(place)} what={w.command} />
    </>
  )
}

function StartPiped({ known, place }: { known: Known; place: Place }) {
  const t = useTexts()
  const w = t.welcome
  const waiting = known.pipeds.flatMap(p => (p.piped && !p.piped.disabled ? [p.piped] : []))[0]
  const identity = { ...addressOf(place.origin, location), project: place.project, piped: waiting?.id ?? '' }
  return (
    <>
      <Code text={startCommand(identity)} what={w.command} />
      <details className={styles.more}>
        <summary>{w.connected.file}</summary>
        <Code text={pipedFile(identity, './piped-key', t.pipeds.setup.comment)} what={w.snippet} />
      </details>
      <p className={styles.waiting} role="status">
        <Mark shape="ring" tone="run" />
        {w.connected.waiting(waiting?.name ?? '')}
      </p>
    </>
  )
}

function ShowRepository({ place }: { place: Place }) {
  const t = useTexts()
  const w = t.welcome
  return (
    <>
      <Code text={firstExamples} what={w.snippet} />
      <Code text={startCommand(addressOf(place.origin, location))} what={w.command} />
    </>
  )
}

function AddApplication({ known }: { known: Known }) {
  const t = useTexts()
  const f = useFormats()
  const w = t.welcome
  const found = known.suggestions.length
  const piped = known.pipeds.find(p => p.piped && p.piped.repositories.length > 0)?.piped
  const provider = piped?.platformProviders[0]?.name ?? 'ecs'
  const repository = piped?.repositories[0]?.id ?? 'my-repository'
  return (
    <>
      {found > 0 && <p className={styles.found}>{w.application.found(found, f.number(found))}</p>}
      <p>
        <Link to="/applications" search={{ add: found > 0 ? 'suggestions' : 'manual' }} className={buttonClass('main')}>
          {w.application.link}
        </Link>
      </p>
      <p className={styles.or}>{w.or}</p>
      <Code text={addApplicationCommand(piped?.name ?? 'my-piped', provider, repository)} what={w.command} />
    </>
  )
}

function Deploy({ known }: { known: Known }) {
  const t = useTexts()
  const w = t.welcome
  const first = known.applications[0]
  const app = first?.application
  if (!app) return null
  return (
    <>
      <p>
        {first.latest ? (
          <Link to="/deployments/$id" params={{ id: first.latest.id }} className={buttonClass('main')}>
            {w.deployment.linkDone}
          </Link>
        ) : (
          <Link to="/applications/$id" params={{ id: app.id }} className={buttonClass('main')}>
            {w.deployment.link}
          </Link>
        )}
      </p>
      <p className={styles.or}>{w.or}</p>
      <Code text={syncCommand(app.name)} what={w.command} />
    </>
  )
}

// Code is something to copy; what is too long for the page breaks.
function Code({ text, what }: { text: string; what: string }): ReactNode {
  return (
    <div className={styles.code}>
      <pre>{text.trimEnd()}</pre>
      <CopyButton text={text} what={what} />
    </div>
  )
}
