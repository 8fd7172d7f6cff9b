import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { SourceAddresses } from './source-address.js'

const request = (remoteAddress: string, forwarded?: string): IncomingMessage =>
  ({
    socket: { remoteAddress },
    headers: { ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }) },
  }) as unknown as IncomingMessage

describe('the address of a request', () => {
  it('is the socket’s, whatever the caller says', () => {
    expect(new SourceAddresses([]).of(request('192.0.2.1', '10.0.0.1'))).toBe('192.0.2.1')
    expect(new SourceAddresses(['10.9.0.0/16']).of(request('192.0.2.1', '10.0.0.1'))).toBe('192.0.2.1')
  })

  it('is the last hop that a trusted proxy has seen, not what stands before it', () => {
    const sources = new SourceAddresses(['10.9.0.0/16'])
    expect(sources.of(request('10.9.0.7', '10.0.0.1, 203.0.113.5'))).toBe('203.0.113.5')
    expect(sources.of(request('::ffff:10.9.0.7', '203.0.113.5'))).toBe('203.0.113.5')
    expect(sources.of(request('10.9.0.7'))).toBe('10.9.0.7')
    expect(sources.of(request('10.9.0.7', '10.0.0.1,'))).toBe('')
  })

  it('cannot be told with a network that is none', () => {
    expect(() => new SourceAddresses(['10.9.0.0/99'])).toThrow('10.9.0.0/99')
  })
})
