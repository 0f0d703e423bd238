import { render, screen } from '@testing-library/react'
import { expect, it } from 'vitest'
import { ManualOperation, StageStatus } from '~/gen/model/model_pb'
import { LanguageProvider } from '~/i18n'
import { en } from '~/i18n/en'
import { MiniPipeline } from './MiniPipeline'

it('ends a failure in the sign of a rollback, not in that of success', () => {
  const S = StageStatus
  const stages = [
    ['ECS_CANARY_ROLLOUT', S.STAGE_SUCCESS],
    ['ANALYSIS', S.STAGE_FAILURE],
    ['ECS_PRIMARY_ROLLOUT', S.STAGE_CANCELLED],
    ['ROLLBACK', S.STAGE_SUCCESS],
  ] as const
  render(
    <LanguageProvider locale="en" texts={en}>
      <MiniPipeline
        stages={stages.map(([name, status]) => ({ id: name, name, status, operation: ManualOperation.NONE }))}
      />
    </LanguageProvider>,
  )
  expect(screen.getByTitle('ECS_CANARY_ROLLOUT: Success')).toBeInTheDocument()
  expect(screen.getByTitle('ROLLBACK: Rolled back')).toBeInTheDocument()
  expect(screen.getByRole('img')).toHaveAccessibleName('Pipeline: 1 of 3 stages done')
})
