import { describe, expect, it } from 'vitest'
import { addressOf, type Identity, pipedFile, places, setup } from './setup'

const id: Identity = { address: 'pipecd.example:443', insecure: false, project: 'shop', piped: '0f3a-1' }

describe('the address a piped is given', () => {
  it.each([
    ['https://pipecd.example', 'pipecd.example:443', false],
    ['https://pipecd.example:8443/base', 'pipecd.example:8443', false],
    ['http://pipecd.example', 'pipecd.example:80', true],
    ['', 'page.example:8080', true],
    ['nonsense', 'page.example:8080', true],
  ])('%j', (configured, want, insecure) => {
    expect(addressOf(configured, { protocol: 'http:', host: 'page.example:8080' })).toEqual([want, insecure])
  })
})

describe('the configuration', () => {
  it('quotes what YAML would read as something else', () => {
    const text = pipedFile({ ...id, project: 'null', piped: '12' }, 'piped-key', 'more')
    expect(text).toContain('projectID: "null"')
    expect(text).toContain('pipedID: "12"')
    expect(text).toContain('apiAddress: pipecd.example:443')
    expect(pipedFile({ ...id, project: 'a: b # c' }, 'k', '')).toContain('projectID: "a: b # c"')
  })

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
