import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { applicationQuery, applicationTopic, meQuery, useTopic } from '~/api'
import { approvalsOf, isSkippable, isWaiting } from '~/features/pipeline'
import { type Deployment, DeploymentStatus, type PipelineStage } from '~/gen/model/model_pb'
import { useFormats, useTexts } from '~/i18n'
import { Button, Dialog, isCompleted, SplitButton, useShortcut } from '~/kit'
import { type Ask, type Commands, Rollback } from './commands'
import { useIsAsked } from './Fate'
import { versionOf } from './sentence'

// useAsking opens the question before something is asked of the agent.
export function useAsking(d: Deployment, commands: Commands) {
  const [open, setOpen] = useState<Ask | undefined>()
  const close = () => setOpen(undefined)
  const dialog = open && (
    <Question
      what={open}
      deployment={d}
      onClose={close}
      onYes={() => {
        close()
        void commands.ask(open)
      }}
    />
  )
  return { dialog, open: setOpen }
}

interface QuestionProps {
  what: Ask
  deployment: Deployment
  onClose: () => void
  onYes: () => void
}

function Question({ what, deployment, onClose, onYes }: QuestionProps) {
  const t = useTexts()
  const w = t.deployment.actions
  const said = useQuestion(what, deployment)
  return (
    <Dialog
      open
      title={said.title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{what.kind === 'cancel' ? w.keep : w.back}</Button>
          <Button look={what.kind === 'cancel' ? 'danger' : 'main'} onClick={onYes}>
            {said.yes}
          </Button>
        </>
      }
    >
      {said.text}
    </Dialog>
  )
}

function useQuestion(what: Ask, d: Deployment): { title: string; text: ReactNode; yes: string } {
  const t = useTexts()
  const f = useFormats()
  const w = t.deployment.actions
  if (what.kind === 'rollBack') {
    const version = versionOf(d, t)
    return {
      title: w.rollBackTitle(d.applicationName, version),
      text: (
        <>
          <p>{w.rollBackText(version, d.trigger?.commit?.hash.slice(0, 7) ?? '')}</p>
          <p>{w.rollBackUntil}</p>
        </>
      ),
      yes: w.rollBack,
    }
  }
  if (what.kind === 'skip') return { title: w.skipTitle(what.stageName), text: <p>{w.skipText}</p>, yes: w.skip }
  if (what.kind !== 'cancel') {
    const stage = d.stages.find(s => s.id === what.stageId)
    const next = d.stages.find(s => s.requires.includes(what.stageId))
    const missing = stage ? approvalsOf(stage).missing : 1
    return {
      title: w.approveTitle(what.stageName),
      text: (
        <p>
          {w.approveText(missing, f.number(missing))} {next && missing <= 1 && w.approveNext(next.name)}
        </p>
      ),
      yes: w.approve,
    }
  }
  const how = {
    [Rollback.UNSPECIFIED]: { text: w.cancelText, yes: w.cancel },
    [Rollback.ALWAYS]: { text: w.withRollbackText, yes: w.withRollback },
    [Rollback.NEVER]: { text: w.withoutRollbackText, yes: w.withoutRollback },
  }[what.rollback]
  return { title: w.cancelTitle(d.applicationName), text: <p>{how.text}</p>, yes: how.yes }
}

interface Props {
  deployment: Deployment
  commands: Commands
  onAsk: (what: Ask) => void
}

// PageActions are those of the whole deployment.
export function PageActions({ deployment, commands, onAsk }: Props) {
  const t = useTexts()
  const w = t.deployment.actions
  const asked = useIsAsked(commands, 'cancel')
  if (isCompleted(deployment.status)) return <RollBack deployment={deployment} commands={commands} onAsk={onAsk} />
  const ask = (rollback: Rollback) => onAsk({ kind: 'cancel', rollback })
  return (
    <SplitButton
      busy={asked}
      why={deployment.status === DeploymentStatus.DEPLOYMENT_ROLLING_BACK ? w.undoing : undefined}
      onClick={() => ask(Rollback.UNSPECIFIED)}
      menuLabel={w.cancelMenu}
      items={[
        {
          id: 'with',
          label: w.withRollback,
          hint: w.withRollbackText,
          onSelect: () => ask(Rollback.ALWAYS),
        },
        {
          id: 'without',
          label: w.withoutRollback,
          hint: w.withoutRollbackText,
          danger: true,
          onSelect: () => ask(Rollback.NEVER),
        },
      ]}
    >
      {w.cancel}
    </SplitButton>
  )
}

// RollBack leads back to what a deployment brought out, unless that is what runs.
function RollBack({ deployment: d, commands, onAsk }: Props) {
  const t = useTexts()
  const succeeded = d.status === DeploymentStatus.DEPLOYMENT_SUCCESS
  useTopic(succeeded ? applicationTopic(d.applicationId) : undefined)
  const { data } = useQuery({ ...applicationQuery(d.applicationId), enabled: succeeded })
  const asked = useIsAsked(commands, 'rollBack')
  const a = data?.application
  const runs = a?.mostRecentlySuccessfulDeployment?.deploymentId
  if (!succeeded || !a || runs === d.id) return null
  return (
    <Button
      busy={asked}
      why={a.disabled ? t.deployment.actions.disabled : undefined}
      onClick={() => onAsk({ kind: 'rollBack' })}
    >
      {t.deployment.actions.rollBack}
    </Button>
  )
}

// StageActions are what a person can do in a stage now; it stands in its node.
export function StageActions({ stage, commands, onAsk }: Omit<Props, 'deployment'> & { stage: PipelineStage }) {
  if (isWaiting(stage)) return <Approve stage={stage} commands={commands} onAsk={onAsk} />
  if (isSkippable(stage)) return <Skip stage={stage} commands={commands} onAsk={onAsk} />
  return null
}

function Approve({ stage, commands, onAsk }: Omit<Props, 'deployment'> & { stage: PipelineStage }) {
  const t = useTexts()
  const why = useWhyNotApprove(stage)
  const asked = useIsAsked(commands, 'approve', stage.id)
  const ask = () => onAsk({ kind: 'approve', stageId: stage.id, stageName: stage.name })
  useShortcut(why || asked ? undefined : { keys: 'a', label: t.deployment.actions.approve, group: 'page', run: ask })
  return (
    <Button look="main" why={why} busy={asked} onClick={ask}>
      {t.deployment.actions.approve}
    </Button>
  )
}

// useWhyNotApprove says who may approve, to somebody who may not.
function useWhyNotApprove(stage: PipelineStage): string | undefined {
  const t = useTexts()
  const f = useFormats()
  const { data: me } = useQuery(meQuery)
  const { may, by } = approvalsOf(stage)
  if (!me) return undefined
  if (by.includes(me.username)) return t.deployment.actions.already
  if (may.length === 0 || may.includes(me.username)) return undefined
  return t.deployment.actions.notYou(f.list(may))
}

function Skip({ stage, commands, onAsk }: Omit<Props, 'deployment'> & { stage: PipelineStage }) {
  const t = useTexts()
  const asked = useIsAsked(commands, 'skip', stage.id)
  return (
    <Button busy={asked} onClick={() => onAsk({ kind: 'skip', stageId: stage.id, stageName: stage.name })}>
      {t.deployment.actions.skip}
    </Button>
  )
}

export function hasActions(stage: PipelineStage): boolean {
  return isWaiting(stage) || isSkippable(stage)
}
