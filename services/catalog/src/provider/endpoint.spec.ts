import type { AppError } from '@weir/errors'
import { AddressPolicy } from '@weir/upstream-address'
import { describe, expect, it } from 'vitest'
import { type Endpoint, toEndpoint, withoutDefaults } from './endpoint.js'
import type { ProviderType } from './provider-type.js'

const strict = new AddressPolicy([])
const local = new AddressPolicy(['127.0.0.0/8'])

const nothing: Endpoint = { baseUrl: null, apiVersion: null, region: null }
const toBaseUrl = (type: ProviderType, baseUrl: string | null, policy: AddressPolicy) =>
  toEndpoint(type, { ...nothing, baseUrl }, policy).baseUrl
const mistakesOf = (type: ProviderType, given: Partial<Endpoint>) => {
  try {
    toEndpoint(type, { ...nothing, ...given }, strict)
  } catch (error) {
    return (error as AppError).options.mistakes?.map(({ field }) => field)
  }
  return []
}

describe('a base URL', () => {
  it.each([
    ['https://llm.example.com/v1/', 'https://llm.example.com/v1'],
    ['HTTPS://LLM.Example.com:443/v1///', 'https://llm.example.com/v1'],
    ['https://llm.example.com', 'https://llm.example.com'],
    ['https://llm.example.com/a/../v1', 'https://llm.example.com/v1'],
    ['http://8.8.8.8:8080/v1', 'http://8.8.8.8:8080/v1'],
    ['https://bücher.example/v1', 'https://xn--bcher-kva.example/v1'],
  ])('%s is kept as %s', (given, kept) => expect(toBaseUrl('openai_compatible', given, strict)).toBe(kept))

  it.each([
    'http://127.0.0.1/v1',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://[::ffff:127.0.0.1]/',
    'http://localhost:11434/v1',
    'http://169.254.169.254/latest/meta-data',
    'http://10.0.0.1/',
    'http://[fd00::1]/',
    'https://user:pass@llm.example.com/v1',
    'https://llm.example.com/v1?key=1',
    'https://llm.example.com/v1#x',
    'file:///etc/passwd',
    'gopher://llm.example.com',
    'llm.example.com',
    '//llm.example.com',
  ])('%s is refused', (given) => {
    expect(() => toBaseUrl('openai_compatible', given, strict)).toThrow(/base_url/)
  })

  it('may be local when the operator allows it, in any spelling, and is kept in the plain one', () => {
    expect(toBaseUrl('openai_compatible', 'http://0x7f.1:8080/v1', local)).toBe('http://127.0.0.1:8080/v1')
    expect(() => toBaseUrl('openai_compatible', 'http://10.0.0.1/v1', local)).toThrow(/WEIR_UPSTREAM_ALLOW/)
  })

  it("is OpenAI's own unless said otherwise, required elsewhere, and none for a sandbox", () => {
    expect(toBaseUrl('openai', null, strict)).toBe('https://api.openai.com/v1')
    expect(toBaseUrl('openai', 'https://eu.api.openai.com/v1', strict)).toBe('https://eu.api.openai.com/v1')
    expect(toBaseUrl('sandbox', null, strict)).toBeNull()
    expect(mistakesOf('openai_compatible', {})).toEqual(['base_url'])
    expect(mistakesOf('azure_openai', {})).toEqual(['base_url'])
    expect(mistakesOf('sandbox', { baseUrl: 'https://x.example' })).toEqual(['base_url'])
  })
})

describe('an endpoint', () => {
  it('has what its vendor is usually called with', () => {
    expect(toEndpoint('anthropic', nothing, strict)).toEqual({
      ...{ baseUrl: 'https://api.anthropic.com/v1', apiVersion: '2023-06-01', region: null },
    })
    expect(toEndpoint('gemini', nothing, strict).baseUrl).toBe(
      'https://generativelanguage.googleapis.com/v1beta',
    )
    const azure = { ...nothing, baseUrl: 'https://acme.openai.azure.com/' }
    expect(toEndpoint('azure_openai', azure, strict)).toEqual({
      ...{ baseUrl: 'https://acme.openai.azure.com', apiVersion: '2024-10-21', region: null },
    })
    expect(toEndpoint('bedrock', { ...nothing, region: 'eu-west-1' }, strict)).toEqual({
      ...{
        baseUrl: 'https://bedrock-runtime.eu-west-1.amazonaws.com',
        apiVersion: null,
        region: 'eu-west-1',
      },
    })
  })

  it('gets the version of the API where the vendor’s SDK would add it', () => {
    expect(toBaseUrl('anthropic', 'https://proxy.example', strict)).toBe('https://proxy.example/v1')
    expect(toBaseUrl('gemini', 'https://proxy.example/', strict)).toBe('https://proxy.example/v1beta')
    expect(toBaseUrl('anthropic', 'https://proxy.example/a', strict)).toBe('https://proxy.example/a')
  })

  it('of Azure is the resource, with or without the paths of its API', () => {
    const of = (baseUrl: string, apiVersion: string | null = null) => {
      const { baseUrl: kept, apiVersion: version } = toEndpoint(
        'azure_openai',
        { ...nothing, baseUrl, apiVersion },
        strict,
      )
      return [kept, version]
    }
    const resource = 'https://acme.openai.azure.com'
    expect(of(`${resource}/openai/v1/`)).toEqual([resource, 'v1'])
    expect(of(`${resource}/openai`)).toEqual([resource, '2024-10-21'])
    expect(of(`${resource}/openai/v1`, '2025-01-01')).toEqual([resource, '2025-01-01'])
    expect(of(resource, 'v1')).toEqual([resource, 'v1'])
  })

  it('has no setting of another type', () => {
    expect(mistakesOf('openai', { apiVersion: '2024-10-21' })).toEqual(['api_version'])
    expect(mistakesOf('anthropic', { region: 'us-east-1' })).toEqual(['region'])
    expect(mistakesOf('bedrock', {})).toEqual(['region'])
  })

  it('follows its region unless its address was said', () => {
    const bedrock = toEndpoint('bedrock', { ...nothing, region: 'eu-west-1' }, strict)
    const moved = { ...withoutDefaults('bedrock', bedrock), region: 'us-east-1' }
    expect(toEndpoint('bedrock', moved, strict).baseUrl).toBe(
      'https://bedrock-runtime.us-east-1.amazonaws.com',
    )
    const own = { ...bedrock, baseUrl: 'https://vpce.example' }
    expect(withoutDefaults('bedrock', own).baseUrl).toBe('https://vpce.example')
  })
})
