import { describe, expect, it } from 'vitest'
import type { Identity } from '~/features/piped-file'
import { places, setup } from './setup'

const id: Identity = { address: 'pipecd.example:443', insecure: false, project: 'shop', piped: '0f3a-1' }

describe('the configuration', () => {
  it.each(places)('of %s is named by its start and has the key as a file', place => {
    const steps = setup(place, id, 'more')
    expect(steps.at(-1)?.id).toBe('start')
    expect(steps.find(s => s.id === 'file')?.text).toMatch(/pipedKeyFile: \S+piped-key|pipedKeyFile: piped-key/)
    expect(steps.map(s => s.text).join()).not.toContain('--insecure')
    const plain = setup(place, { ...id, insecure: true }, 'more')
    expect(plain.map(s => s.text).join()).toContain('--insecure')
  })

  it('of ECS is JSON', () => {
    const text = setup('ecs', id, '').find(s => s.id === 'task')?.text ?? ''
    expect(JSON.parse(text)).toMatchObject({ family: 'piped' })
  })
})
