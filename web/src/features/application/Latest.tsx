import { Link } from '@tanstack/react-router'
import { ms } from '~/api'
import { MiniPipeline } from '~/features/stages'
import { type Deployment, DeploymentStatus } from '~/gen/model/model_pb'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { useFormats, useTexts } from '~/i18n'
import { Chip, deploymentState, Elapsed, isCompleted, Panel, Quote, RelativeTime, StatusMark } from '~/kit'
import styles from './application.module.css'
import { type Ahead, type Brief, versionBefore } from './recent'
import { Transition } from './Versions'

interface Props {
  app: Application
  // What runs while the last deployment waits.
  ahead: Ahead | undefined
  recent: readonly Deployment[]
}

// Latest is the last deployment at a glance, or the one that it waits for.
export function Latest({ app, ahead, recent }: Props) {
  const t = useTexts()
  const f = useFormats()
  const w = t.application.latest
  const d: Brief | undefined = ahead?.brief ?? app.latest
  if (!d) return null
  const ended = isCompleted(d.status)
  return (
    <Panel
      title={ahead ? w.running : w.title}
      actions={
        <Link to="/deployments/$id" params={{ id: d.id }} className={styles.all}>
          {w.open}
        </Link>
      }
    >
      <div className={styles.latest}>
        <p className={styles.outcome}>
          <StatusMark of={deploymentState(d.status, t)} />
          <Change app={app} of={d} recent={recent} />
          {!ended && d.canaryPercent !== undefined && <Chip canary>{w.traffic(f.percent(d.canaryPercent))}</Chip>}
          <span className={styles.times}>
            <span>
              {w.started} <RelativeTime at={ms(d.createdAt)} />
            </span>
            <span>
              {ended ? w.took : w.soFar} <Elapsed from={ms(d.createdAt)} to={ms(d.completedAt)} />
            </span>
          </span>
        </p>
        <MiniPipeline stages={d.stages} wordy />
        {ended && d.status !== DeploymentStatus.DEPLOYMENT_SUCCESS && d.statusReason && (
          <p className={styles.why}>
            <span className={styles.quiet}>{w.why}</span> <Quote>{d.statusReason}</Quote>
          </p>
        )}
      </div>
    </Panel>
  )
}

// Change is from which version to which the deployment leads, or led in vain.
function Change({ app, of, recent }: { app: Application; of: Brief; recent: readonly Deployment[] }) {
  const t = useTexts()
  const before = versionBefore(app, of, recent)
  if (!of.version) {
    const w = t.application.timeline
    return <span className={styles.quiet}>{isCompleted(of.status) ? w.noVersionEnded : w.noVersion}</span>
  }
  if (!before || before === of.version) return <Transition from={of.version} known to={undefined} />
  return <Transition from={before} known to={of.version} />
}
