import { AppError } from '@weir/errors'
import { describe, expect, it } from 'vitest'
import type { DialectName } from '../conversation/conversation.js'
import type { CallerDialect, Document, ProviderDialect } from '../conversation/dialect.js'
import { asObject, parseObject } from '../conversation/json.js'
import type { Reply } from '../conversation/reply.js'
import { TranslatedStream } from '../conversation/translated-stream.js'
import { dialects } from '../inference/dialects.js'
import { assemble, gistOf } from '../testing/assemble.js'
import { recordings, recordingsMissing, type Recording } from '../testing/recordings.js'

/** The dialect of a recorded exchange. */
const spoken: Readonly<Record<string, DialectName>> = {
  'chat.completions': 'openai-chat',
  messages: 'anthropic-messages',
  responses: 'openai-responses',
  generateContent: 'gemini',
  streamGenerateContent: 'gemini',
  converse: 'bedrock-converse',
}
const callers = ['openai-chat', 'anthropic-messages', 'openai-responses'] as const
const providers = Object.keys(dialects).filter((name) => name !== 'openai-completions') as DialectName[]

// Responses that a vendor works on in the background are no answers yet.
const isAnswer = ({ status, stop, features }: Recording) =>
  status === 200 &&
  !features.includes('error') &&
  !stop.some((word) => word === 'queued' || word === 'in_progress')
const exchanges = recordings(({ api }) => api in spoken)
const answers = exchanges.filter(isAnswer)
const title = `every recorded exchange with every vendor (${recordingsMissing ?? 'replayed'})`

describe.skipIf(recordingsMissing !== undefined).each(callers)(title, (caller) => {
  it.each(answers)(`tells a caller of ${caller} what $file says, calls, and why it ends`, (recording) => {
    const from = providerOf(spoken[recording.api] ?? 'openai-chat')
    const to = dialects[caller].caller
    const back = dialects[caller].provider
    if (!to || !back) throw new Error(`Nobody calls in ${caller}.`)
    const { reply, told } = tell(recording, from, to)
    const said =
      typeof told === 'string'
        ? assemble(back.readStream().push(Buffer.from(told))).reply
        : back.readReply(told)
    expect(gistOf(said).map(comparable)).toEqual(gistOf(reply).map(comparable))
  })
})

describe.skipIf(recordingsMissing !== undefined).each(providers)(title, (provider) => {
  // Responses that are worked on in the background are asked for without a body.
  const asked = exchanges.filter(
    ({ api, request }) => dialects[spoken[api] ?? 'gemini'].caller && asObject(request.body)?.['model'],
  )

  it.each(asked)(`asks ${provider} what $file asks, or names what cannot be asked`, ({ api, request }) => {
    const from = dialects[spoken[api] ?? 'openai-chat'].caller
    const document = asObject(request.body) ?? {}
    try {
      const conversation = from?.readRequest({ max_tokens: 100, ...document })
      if (!conversation) throw new Error(`Nobody calls in ${api}.`)
      const written = providerOf(provider).writeRequest(conversation, { model: 'claude-sonnet-4-5' })
      // Whatever the user has said last is there.
      const last = conversation.turns
        .findLast(({ role }) => role === 'user')
        ?.parts.find((part) => part.type === 'text')
      if (last)
        expect(JSON.stringify(written.document)).toContain(JSON.stringify(last.text.trim()).slice(1, -1))
    } catch (error) {
      expect(error).toBeInstanceOf(AppError)
      expect((error as AppError).code).toBe('unsupported_model')
      expect((error as AppError).options.param).toBeTruthy()
    }
  })
})

function providerOf(name: DialectName): ProviderDialect {
  const { provider } = dialects[name]
  if (!provider) throw new Error(`Nobody is called in ${name}.`)
  return provider
}

function tell(
  { response }: Recording,
  from: ProviderDialect,
  to: CallerDialect,
): { reply: Reply; told: string | Document } {
  const naming = { model: 'm' }
  const request = { model: 'm', input: 'x', stream_options: { include_usage: true } }
  if (response.sse === undefined) {
    const reply = from.readReply(response.body as Document)
    return { reply, told: to.writeReply(reply, naming, request) }
  }
  const bytes = Buffer.from(response.sse)
  const stream = new TranslatedStream(from.readStream(), to.writeStream(naming, { ...request, stream: true }))
  const shown = stream.push(bytes)?.toString() ?? ''
  expect(stream).toMatchObject({ done: true, failed: false })
  return { reply: assemble(from.readStream().push(bytes)).reply, told: shown + stream.ending }
}

/** Not every dialect has a word for a pause, a stop sequence, or an answer that the vendor withheld. */
const alike: Readonly<Record<string, string>> = {
  pause: 'end',
  stop_sequence: 'end',
  content_filter: 'refusal',
}

const comparable = (gist: ReturnType<typeof gistOf>[number]) => ({
  reasoning: gist.reasoning,
  // To Anthropic a refusal is a text like any other.
  text: gist.text + gist.refusal,
  stop: alike[gist.stop] ?? gist.stop,
  calls: gist.calls.map(({ name, arguments: text }) => ({
    name,
    input: parseObject(text === '' ? '{}' : text),
  })),
})
