import { describe, expect, it } from 'vitest'
import { addressOf, firstExamples, type Identity, pipedFile, startCommand } from '.'

const id: Identity = { address: 'pipecd.example:443', insecure: false, project: 'shop', piped: '0f3a-1' }

describe('the address a piped is given', () => {
  it.each([
    ['https://pipecd.example', 'pipecd.example:443', false],
    ['https://pipecd.example:8443/base', 'pipecd.example:8443', false],
    ['http://pipecd.example', 'pipecd.example:80', true],
    ['', 'page.example:8080', true],
    ['nonsense', 'page.example:8080', true],
  ])('%j', (configured, want, insecure) => {
    expect(addressOf(configured, { protocol: 'http:', host: 'page.example:8080' })).toEqual({ address: want, insecure })
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

  it('has what a first application needs as comments', () => {
    const text = pipedFile(id, 'k', 'more')
    for (const line of firstExamples.trimEnd().split('\n')) expect(text).toContain(`  # ${line.slice(2)}\n`)
    expect(text.split('\n').every(line => line === line.trimEnd())).toBe(true)
  })

  it('is started without TLS only where there is none', () => {
    expect(startCommand(id)).not.toContain('--insecure')
    expect(startCommand({ insecure: true })).toContain(' --insecure')
  })
})
