import type { Deployment } from '~/gen/model/model_pb'

// The key with which a rollback says that it found nothing to undo.
const nothingChanged = 'nothing-changed'

// changedNothing holds for a deployment that ended before its first side effect.
export function changedNothing(d: Deployment): boolean {
  return d.stages.some(s => s.rollback && s.metadata[nothingChanged] === 'true')
}
