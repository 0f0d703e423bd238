import { useQueries, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { commandQuery, commandTopic, ms, problemOf, useTopic } from '~/api'
import { CommandStatus } from '~/gen/model/model_pb'
import type { Piped } from '~/gen/pipecd/web/v1/piped_pb'
import { type Catalog, useTexts } from '~/i18n'
import { Banner, IconButton, Quote, RelativeTime, type Shape, type Tone } from '~/kit'
import { type Asked, type Commands, worthSaying } from './commands'
import styles from './deployment.module.css'
import { isOffline, pipedName } from './piped'

interface FatesProps {
  commands: Commands
  piped: Piped | undefined
  // The deployment has ended.
  ended: boolean
}

// Fates says in place what became of what was asked for, as long as it matters.
export function Fates({ commands, piped, ended }: FatesProps) {
  const t = useTexts()
  const answers = useQueries({
    queries: commands.asked.map(a => ({ ...commandQuery(a.id), enabled: a.id !== '' })),
  })
  const shown = worthSaying(
    commands.asked,
    answers.map(a => a.data?.status),
    ended,
  )
  if (shown.length === 0) return null
  return (
    <section className={styles.fates} role="status" aria-label={t.deployment.fate.label}>
      {shown.map(a => (
        <Fate key={a.key} asked={a} piped={piped} onDismiss={() => commands.dismiss(a.key)} />
      ))}
    </section>
  )
}

interface Props {
  asked: Asked
  piped: Piped | undefined
  onDismiss: () => void
}

function Fate({ asked, piped, onDismiss }: Props) {
  const t = useTexts()
  useTopic(asked.id ? commandTopic(asked.id) : undefined)
  const { data } = useQuery({ ...commandQuery(asked.id), enabled: asked.id !== '' })
  const status = data?.status ?? CommandStatus.COMMAND_NOT_HANDLED_YET
  const waiting = !asked.error && status === CommandStatus.COMMAND_NOT_HANDLED_YET
  const said = asked.error
    ? failed(asked, t)
    : !asked.id
      ? { tone: 'run' as const, shape: 'ring' as const, text: t.deployment.fate.sending(whatOf(asked, t)) }
      : fate(asked, status, data?.metadata.Reason ?? '', piped, t)
  const led = status === CommandStatus.COMMAND_SUCCEEDED && data?.metadata.TriggeredDeploymentID
  return (
    <Banner
      tone={said.tone}
      shape={said.shape}
      action={
        waiting ? undefined : (
          <IconButton label={t.deployment.fate.dismiss} icon={<X size={16} aria-hidden="true" />} onClick={onDismiss} />
        )
      }
    >
      {said.text}
      {led && (
        <>
          {' '}
          <Link to="/deployments/$id" params={{ id: led }}>
            {t.deployment.fate.open}
          </Link>
        </>
      )}
    </Banner>
  )
}

interface Said {
  tone: Tone
  shape: Shape
  text: ReactNode
}

function whatOf(a: Asked, t: Catalog): string {
  const w = t.deployment.fate
  if (a.kind === 'rollBack') return w.rollBack
  return a.kind === 'cancel' ? w.cancel : a.kind === 'approve' ? w.approve(a.stageName) : w.skip(a.stageName)
}

function failed(a: Asked, t: Catalog): Said {
  const problem = problemOf(a.error)
  return {
    tone: 'bad',
    shape: 'cross',
    text: (
      <>
        <b>{t.deployment.fate.notSent(whatOf(a, t))}</b>:{' '}
        {problem.unreachable ? t.errors.unreachable : <Quote>{problem.sentence}</Quote>}
      </>
    ),
  }
}

function fate(a: Asked, status: CommandStatus, reason: string, piped: Piped | undefined, t: Catalog): Said {
  const w = t.deployment.fate
  const what = whatOf(a, t)
  const name = pipedName(piped)
  switch (status) {
    case CommandStatus.COMMAND_SUCCEEDED:
      return { tone: 'ok', shape: 'check', text: w.accepted(what, name) }
    case CommandStatus.COMMAND_FAILED:
      return {
        tone: 'bad',
        shape: 'cross',
        text: (
          <>
            <b>{w.refused(what, name)}</b>: {reason ? <Quote>{reason}</Quote> : w.noReason}
          </>
        ),
      }
    case CommandStatus.COMMAND_TIMEOUT:
      return { tone: 'warn', shape: 'alert', text: w.timedOut(what, name) }
    default:
      return waitingFor(what, piped, t)
  }
}

function waitingFor(what: string, piped: Piped | undefined, t: Catalog): Said {
  const w = t.deployment.fate
  const seen = piped && ms(piped.lastSeenAt)
  const offline = isOffline(piped)
  return {
    tone: offline ? 'warn' : 'run',
    shape: offline ? 'plug' : 'ring',
    text: (
      <>
        {offline ? w.waitingOffline(what, pipedName(piped)) : w.waiting(what, pipedName(piped))}
        {seen !== undefined && (
          <>
            {' '}
            (<SeenAgo at={seen} />)
          </>
        )}
      </>
    ),
  }
}

function SeenAgo({ at }: { at: number }) {
  const t = useTexts()
  // The time stands where the language wants it.
  const [before, after] = t.deployment.fate.lastSeen('\n').split('\n')
  return (
    <>
      {before}
      <RelativeTime at={at} />
      {after}
    </>
  )
}

// isAsked reports whether the same waits for its answer, as far as the page knows.
export function useIsAsked(commands: Commands, kind: Asked['kind'], stageId = ''): boolean {
  const asked = commands.asked.findLast(a => a.kind === kind && a.stageId === stageId)
  const { data } = useQuery({ ...commandQuery(asked?.id ?? ''), enabled: !!asked?.id })
  if (!asked || asked.error) return false
  return (data?.status ?? CommandStatus.COMMAND_NOT_HANDLED_YET) === CommandStatus.COMMAND_NOT_HANDLED_YET
}
