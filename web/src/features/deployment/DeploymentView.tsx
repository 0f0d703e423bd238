import { useQuery } from '@tanstack/react-query'
import { useCallback, useState } from 'react'
import { pipedQuery, pipedTopic, useTopic } from '~/api'
import { inOrder, isStarted, isWaiting, layoutOf, Pipeline, startOf, stopped } from '~/features/pipeline'
import { LogPanel, type LogPlace, StageLog } from '~/features/stage-log'
import { type Deployment, type PipelineStage, StageStatus } from '~/gen/model/model_pb'
import { useFormats, useTexts } from '~/i18n'
import { Button, deploymentState, isCompleted, Page, StatusMark, stageState, useShortcut } from '~/kit'
import { hasActions, PageActions, StageActions, useAsking } from './Actions'
import { useBefore } from './before'
import { useCommands } from './commands'
import styles from './deployment.module.css'
import { Fates } from './Fate'
import { Facts, Note, Offline, Sentence } from './Header'
import { deploymentTab } from './tab'
import { useFavicon } from './useFavicon'
import { Why } from './Why'

// Place is what of the page is in its address.
export interface Place {
  readonly stage?: string | undefined
  readonly line?: string | undefined
  readonly q?: string | undefined
}

interface Props {
  deployment: Deployment
  oldSince?: number | undefined
  place: Place
  hrefOf: (place: Place) => string
  onPlace: (place: Place) => void
}

// DeploymentView is the whole page of a deployment.
export function DeploymentView({ deployment: d, oldSince, place, hrefOf, onPlace }: Props) {
  const t = useTexts()
  const f = useFormats()
  useTopic(pipedTopic(d.pipedId))
  const { data: piped } = useQuery(pipedQuery(d.pipedId))
  const before = useBefore(d)
  const commands = useCommands(d.id)
  const asking = useAsking(d, commands)
  const [full, setFull] = useState(false)
  const [along, setAlong] = useState(true)
  const stage = useShown(d, place.stage, along)
  useFavicon(deploymentState(d.status, t).tone, isCompleted(d.status))
  const choose = useCallback(
    (id: string, line?: number) => {
      onPlace({ ...place, stage: id, line: line === undefined ? undefined : String(line) })
      if (line !== undefined) document.getElementById('log')?.scrollIntoView({ block: 'nearest' })
    },
    [onPlace, place],
  )
  useStageKeys(d, stage, choose)
  useShortcut({ keys: 'L', label: t.deployment.log.full, group: 'page', run: () => setFull(on => !on) })
  const header = { deployment: d, piped, before }
  return (
    <Page
      title={d.applicationName}
      tab={deploymentTab(d, d.stages.some(isWaiting), t, f)}
      oldSince={oldSince}
      note={<Note {...header} />}
      actions={<PageActions deployment={d} commands={commands} onAsk={asking.open} />}
    >
      <Sentence {...header} />
      <Offline piped={isCompleted(d.status) ? undefined : piped} />
      <Fates commands={commands} piped={piped} ended={isCompleted(d.status)} />
      <div hidden={full} className={styles.above}>
        <Facts {...header} />
        <Why deployment={d} onShow={choose} />
        <Pipeline
          stages={d.stages}
          open={!isCompleted(d.status)}
          chosen={stage?.id}
          hrefOf={id => hrefOf({ ...place, stage: id, line: undefined })}
          onChoose={choose}
          actionsOf={s =>
            hasActions(s) ? <StageActions stage={s} commands={commands} onAsk={asking.open} /> : undefined
          }
        />
      </div>
      {stage && (
        <Log
          d={d}
          stage={stage}
          along={along}
          onAlong={setAlong}
          full={full}
          onFull={setFull}
          place={place}
          hrefOf={hrefOf}
          onPlace={onPlace}
        />
      )}
      {asking.dialog}
    </Page>
  )
}

// useShown is the stage whose log is shown: the one in the address, which only a
// person changes. Until somebody chooses one, and while the log is followed, it
// goes along with what runs.
function useShown(d: Deployment, wanted: string | undefined, along: boolean): PipelineStage | undefined {
  const [last, setLast] = useState<string | undefined>()
  const chosen = d.stages.find(s => s.id === wanted)
  const before = d.stages.find(s => s.id === last)
  const shown = chosen ?? (before && !along ? before : nextOf(d, before))
  if (shown && shown.id !== last) setLast(shown.id)
  return shown
}

// nextOf is what to show after a stage. One that failed stays, since the end of
// its log says why.
function nextOf(d: Deployment, before: PipelineStage | undefined): PipelineStage | undefined {
  if (!before) return firstOf(d)
  if (before.status === StageStatus.STAGE_RUNNING || before.status === StageStatus.STAGE_FAILURE) return before
  const running = d.stages.filter(s => s.status === StageStatus.STAGE_RUNNING)
  return running.find(s => !s.rollback) ?? running[0] ?? before
}

// firstOf is the stage one wants to see first.
function firstOf(d: Deployment): PipelineStage | undefined {
  const running = d.stages.find(s => s.status === StageStatus.STAGE_RUNNING && !s.rollback)
  return running ?? stopped(d.stages) ?? d.stages.find(s => s.visible)
}

// useStageKeys moves among the stages, and among those that failed.
function useStageKeys(d: Deployment, at: PipelineStage | undefined, choose: (id: string) => void): void {
  const t = useTexts()
  const w = t.deployment.pipeline
  const all = inOrder(layoutOf(d.stages))
  const now = all.findIndex(s => s.id === at?.id)
  const go = (s: PipelineStage | undefined) => s && choose(s.id)
  const failed = (s: PipelineStage) => s.status === StageStatus.STAGE_FAILURE
  useShortcut({ keys: 'j', label: w.next, group: 'page', run: () => go(all[now + 1]) })
  useShortcut({ keys: 'k', label: w.previous, group: 'page', run: () => go(all[Math.max(0, now - 1)]) })
  useShortcut({
    keys: ']',
    label: w.nextFailed,
    group: 'page',
    run: () => go(all.slice(now + 1).find(failed) ?? all.find(failed)),
  })
  useShortcut({
    keys: '[',
    label: w.previousFailed,
    group: 'page',
    run: () => go(all.slice(0, Math.max(0, now)).findLast(failed) ?? all.findLast(failed)),
  })
}

interface LogProps {
  d: Deployment
  stage: PipelineStage
  along: boolean
  onAlong: (along: boolean) => void
  full: boolean
  onFull: (full: boolean) => void
  place: Place
  hrefOf: Props['hrefOf']
  onPlace: Props['onPlace']
}

function Log({ d, stage, along, onAlong, full, onFull, place, hrefOf, onPlace }: LogProps) {
  const t = useTexts()
  const order = inOrder(layoutOf(d.stages))
  const running = order.find(s => s.status === StageStatus.STAGE_RUNNING && s.id !== stage.id)
  const show = (id: string) => onPlace({ ...place, stage: id, line: undefined })
  const at = (p: LogPlace) => ({ ...place, stage: stage.id, ...p })
  return (
    <div id="log">
      <LogPanel
        full={full}
        title={
          <>
            <h2 className={styles.logTitle}>{t.deployment.log.of(stage.name)}</h2>
            <StatusMark of={stageState(stage.status, t, stage.availableOperation, stage.rollback)} />
            {full && <StageChoice stages={order} value={stage.id} onChange={show} />}
            {running && (
              <span className={styles.nowRunning}>
                {t.deployment.log.nowRunning(running.name)}
                <Button onClick={() => show(running.id)}>{t.deployment.log.show}</Button>
              </span>
            )}
          </>
        }
      >
        {isStarted(stage) ? (
          <StageLog
            key={`${stage.id}/${stage.retriedCount}`}
            deploymentId={d.id}
            stage={stage}
            start={startOf(stage)}
            place={place}
            full={full}
            follow={along && place.stage === undefined && !isCompleted(d.status)}
            onFollow={onAlong}
            onFull={onFull}
            hrefOf={p => hrefOf(at(p))}
            onPlace={p => onPlace(at(p))}
          />
        ) : (
          <p className={styles.noLog}>
            {stage.status === StageStatus.STAGE_NOT_STARTED_YET && !isCompleted(d.status)
              ? t.deployment.log.notStarted
              : t.deployment.log.skipped}
          </p>
        )}
      </LogPanel>
    </div>
  )
}

interface ChoiceProps {
  stages: readonly PipelineStage[]
  value: string
  onChange: (id: string) => void
}

function StageChoice({ stages, value, onChange }: ChoiceProps) {
  const t = useTexts()
  return (
    <select
      className={styles.choice}
      aria-label={t.deployment.log.choose}
      value={value}
      onChange={event => onChange(event.target.value)}
    >
      {stages.map(s => (
        <option key={s.id} value={s.id}>
          {s.name}
        </option>
      ))}
    </select>
  )
}
