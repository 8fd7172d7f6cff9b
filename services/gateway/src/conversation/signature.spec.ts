import { describe, expect, it } from 'vitest'
import { joinCallId, openSignature, sealSignature, splitCallId } from './signature.js'
import type { Signature } from './conversation.js'

const signature: Signature = { by: 'gemini', value: 'Ep8B+/=', isHidden: true, id: 'rs_1' }

describe('a signature among strangers', () => {
  it('comes home as it was', () => {
    expect(openSignature(sealSignature(signature))).toEqual(signature)
    expect(openSignature(sealSignature({ by: 'anthropic-messages', value: 'x' }))).toEqual({
      by: 'anthropic-messages',
      value: 'x',
    })
  })

  it.each(['', 'Ep8B', 'weir.', 'weir.e30', `weir.${Buffer.from('["nobody","x"]').toString('base64url')}`])(
    'does not take %j for one',
    (text) => expect(openSignature(text)).toBeUndefined(),
  )

  it('travels in the id of a tool call, in characters that every vendor allows', () => {
    const id = joinCallId('call_1', signature)
    expect(id).toMatch(/^[a-zA-Z0-9_-]+$/)
    expect(splitCallId(id)).toEqual({ id: 'call_1', signature })
    expect(joinCallId('call_1', undefined)).toBe('call_1')
    expect(splitCallId('call_1')).toEqual({ id: 'call_1' })
    expect(splitCallId('call__sig_1')).toEqual({ id: 'call__sig_1' })
  })
})
