import { AppError } from '@weir/errors'
import { describe, expect, it } from 'vitest'
import { findCalledRoute } from './endpoint-table.js'
import { anthropicEnvelope, openaiEnvelope, responsesEnvelope } from './error-envelope.js'

describe('the inference routes', () => {
  it.each([
    ['/v1/chat/completions', 'chat', undefined],
    ['/chat/completions', 'chat', undefined],
    ['/v1/messages/count_tokens', 'count_tokens', undefined],
    ['/r/research/v1/messages', 'messages', 'research'],
    ['/r/a.b/v1/embeddings', 'embeddings', 'a.b'],
  ])('has %s', (path, name, repository) =>
    expect(findCalledRoute(path)).toMatchObject({ endpoint: { name }, repository }),
  )

  it.each([
    ...['/v1/chat/completions/', '//v1/chat/completions', '/v1/Chat/completions', '/r/', '/r/x', '/r//v1'],
    ...['/r/x/chat/completions', '/r/a/b/v1/chat/completions', '/r/x/v1/r/y/v1/messages', '/v1/models'],
  ])('has no %s (threat 10)', (path) => expect(findCalledRoute(path)).toBeUndefined())
})

describe('an error', () => {
  const error = AppError.of('rate_limit_exceeded', { reason: 'Too much.' }, { retryAfterS: 3 })

  it('is told as the API that was called tells it', () => {
    expect(JSON.parse(openaiEnvelope.body(error, 'req_1'))).toEqual({
      error: { message: 'Too much.', type: 'rate_limit_error', param: null, code: 'rate_limit_exceeded' },
    })
    expect(JSON.parse(anthropicEnvelope.body(error, 'req_1'))).toEqual({
      type: 'error',
      error: { type: 'rate_limit_error', message: 'Too much.', code: 'rate_limit_exceeded' },
      request_id: 'req_1',
    })
  })

  it('ends a stream in an event of its own', () => {
    expect(openaiEnvelope.event(error, 'req_1')).toMatch(/^data: \{"error":.*\}\n\n$/)
    expect(anthropicEnvelope.event(error, 'req_1')).toMatch(/^event: error\ndata: \{"type":"error".*\}\n\n$/)
    expect(responsesEnvelope.event(error, 'req_1', 7)).toMatch(
      /^event: error\ndata: \{"type":"error".*"sequence_number":7\}\n\n$/,
    )
  })
})
