import { currentStage, isRollback, waitsForApproval } from '~/features/stages'
import { ApplicationSyncStatus, DeploymentStatus } from '~/gen/model/model_pb'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import type { Catalog, Formats } from '~/i18n'
import type { Shape, Tone } from '~/kit'
import type { Ahead, Brief } from './recent'
import { displayStatus, isUnreadable, liveVersion, running } from './view'

export interface Sentence {
  readonly tone: Tone
  readonly shape: Shape
  readonly text: string
  // The deployment that it is about; none when it is about what is live.
  readonly deploymentId?: string
}

const say = (tone: Tone, shape: Shape, text: string): Sentence => ({ tone, shape, text })

// sentenceOf says how an application stands as a person would. While its last
// deployment waits for another, it is about the one that runs.
export function sentenceOf(app: Application, t: Catalog, f: Formats, ahead?: Ahead): Sentence {
  const w = t.application.says
  const known = liveVersion(app)
  const live = known === '' ? w.liveVersion : known
  if (ahead) {
    const said = whileRunning(ahead.brief, live, t, f)
    const text = w.waiting(said.text, ahead.waiting, f.number(ahead.waiting))
    return { ...said, text, deploymentId: ahead.brief.id }
  }
  const now = running(app)
  if (now) return { ...whileRunning(now, live, t, f), deploymentId: now.id }
  if (app.application?.disabled) return say('idle', 'slash', live ? w.disabled(live) : w.disabledNever)
  if (displayStatus(app) === ApplicationSyncStatus.INVALID_CONFIG)
    return say('bad', 'alert', live ? w.invalid(live) : w.neverInvalid)
  if (isUnreadable(app)) return say('warn', 'alert', live ? w.unreadable(live) : w.neverUnreadable)
  if (app.latest && app.latest.status !== DeploymentStatus.DEPLOYMENT_SUCCESS)
    return { ...afterTrouble(app.latest, live, t), deploymentId: app.latest.id }
  if (!live) return say('idle', 'dashed', w.never)
  switch (displayStatus(app)) {
    case ApplicationSyncStatus.OUT_OF_SYNC:
      return say('warn', 'drift', w.outOfSync(live))
    case ApplicationSyncStatus.SYNCED:
      return say('ok', 'check', w.synced(live))
    default:
      return say('idle', 'dot', w.live(live))
  }
}

function whileRunning(d: Brief, live: string | undefined, t: Catalog, f: Formats): Sentence {
  const w = t.application.says
  const version = d.version || w.newVersion
  if (d.status === DeploymentStatus.DEPLOYMENT_ROLLING_BACK)
    return say('warn', 'back', live && live !== version ? w.rollingBack(version, live) : w.rollingBackFirst(version))
  if (d.status !== DeploymentStatus.DEPLOYMENT_RUNNING)
    return say('run', 'planned', live ? w.planningOver(live) : w.planning)
  const share = d.canaryPercent ? f.percent(d.canaryPercent) : undefined
  const stage = currentStage(d.stages)
  if (stage && waitsForApproval(stage))
    return say('warn', 'person', share ? w.approvalCanary(version, share) : w.approval(version))
  const steps = d.stages.filter(s => !isRollback(s))
  const step = stage ? w.step(f.number(steps.indexOf(stage) + 1), f.number(steps.length)) : undefined
  if (!stage || !step) return say('run', 'ring', share ? w.share(version, share) : w.starting(version))
  return say('run', 'ring', share ? w.canary(version, share, stage.name, step) : w.working(version, stage.name, step))
}

// afterTrouble is about a last deployment that did not come to its end.
function afterTrouble(d: Brief, live: string | undefined, t: Catalog): Sentence {
  const w = t.application.says
  const version = d.version || w.newVersion
  if (d.status === DeploymentStatus.DEPLOYMENT_CANCELLED)
    return say('idle', 'slash', live ? w.cancelled(version, live) : w.cancelledFirst(version))
  if (live === version) return say('bad', 'cross', w.failedSame(version))
  return say('bad', 'cross', live ? w.failed(version, live) : w.failedFirst(version))
}
