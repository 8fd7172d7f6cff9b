import { describe, expect, it } from 'vitest'
import { signCall } from './sigv4.js'

const credential = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}
const suite = {
  ...{ credential, region: 'us-east-1', service: 'service' },
  at: new Date('2015-08-30T12:36:00Z'),
}
const call = { method: 'GET', host: 'example.amazonaws.com', path: '/', headers: {}, body: '' }

describe('signCall', () => {
  // AWS's published test suite for Signature Version 4.
  it.each([
    ['get-vanilla', call, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    [
      'post-vanilla',
      { ...call, method: 'POST' },
      '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    ],
    [
      'get-vanilla-query-order-key-case',
      { ...call, path: '/?Param2=value2&Param1=value1' },
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
  ])('signs %s as AWS does', (_name, vector, signature) => {
    expect(signCall(vector, suite)).toEqual({
      'x-amz-date': '20150830T123600Z',
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`,
    })
  })

  it('signs a call to Bedrock as AWS’s own SDK does: a colon in the path, a body, a session', () => {
    const host = 'bedrock-runtime.eu-central-1.amazonaws.com'
    const signed = signCall(
      {
        ...{ method: 'POST', host, headers: { 'content-type': 'application/json' } },
        path: '/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream',
        body: '{"messages":[{"role":"user","content":[{"text":"Grüße"}]}]}',
      },
      {
        credential: { ...credential, sessionToken: 'tok+en=' },
        ...{ region: 'eu-central-1', service: 'bedrock', at: new Date('2026-01-02T03:04:05Z') },
      },
    )
    expect(signed).toEqual({
      'x-amz-date': '20260102T030405Z',
      'x-amz-security-token': 'tok+en=',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-central-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=2c1e4318709e2abd184f144502b5f8ce7311a786409c83f394c35e21d8256b2f',
    })
  })

  it('makes another key on another day, and for another credential', () => {
    const sign = (at: string, key = credential) =>
      signCall(call, { ...suite, credential: key, at: new Date(at) })
    const first = sign('2015-08-30T12:36:00Z')
    expect(sign('2015-08-31T12:36:00Z')).not.toEqual(first)
    expect(sign('2015-08-30T12:36:00Z', { ...credential, secretAccessKey: 'x' })).not.toEqual(first)
    expect(sign('2015-08-30T12:36:00Z')).toEqual(first)
  })
})
