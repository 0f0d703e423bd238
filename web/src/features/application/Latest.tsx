import { Link } from '@tanstack/react-router'
import { ms } from '~/api'
import { MiniPipeline } from '~/features/stages'
import { DeploymentStatus } from '~/gen/model/model_pb'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { useFormats, useTexts } from '~/i18n'
import { Chip, deploymentState, Elapsed, isCompleted, Panel, RelativeTime, StatusMark } from '~/kit'
import styles from './application.module.css'
import { Versions } from './Versions'

// Latest is the last deployment at a glance.
export function Latest({ app }: { app: Application }) {
  const t = useTexts()
  const f = useFormats()
  const w = t.application.latest
  const d = app.latest
  if (!d) return null
  const ended = isCompleted(d.status)
  return (
    <Panel
      title={w.title}
      actions={
        <Link to="/deployments/$id" params={{ id: d.id }} className={styles.all}>
          {w.open}
        </Link>
      }
    >
      <div className={styles.latest}>
        <p className={styles.outcome}>
          <StatusMark of={deploymentState(d.status, t)} />
          <Versions app={app} />
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
            <span className={styles.quiet}>{w.why}</span> {d.statusReason}
          </p>
        )}
      </div>
    </Panel>
  )
}
