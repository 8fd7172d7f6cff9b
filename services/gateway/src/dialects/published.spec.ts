import { describe, expect, it } from 'vitest'
import type { DialectName } from '../conversation/conversation.js'
import type { Document } from '../conversation/dialect.js'
import { SseReader } from '../conversation/sse.js'
import { TranslatedStream } from '../conversation/translated-stream.js'
import { dialects } from '../inference/dialects.js'
import { published, publishedChecks } from '../testing/published.js'
import { recordings, recordingsMissing, type Recording } from '../testing/recordings.js'

const spoken: Readonly<Record<string, DialectName>> = {
  'chat.completions': 'openai-chat',
  messages: 'anthropic-messages',
  responses: 'openai-responses',
  generateContent: 'gemini',
  streamGenerateContent: 'gemini',
  converse: 'bedrock-converse',
}
const isAnswer = ({ status, stop, features, api }: Omit<Recording, 'request' | 'response'>) =>
  api in spoken &&
  status === 200 &&
  !features.includes('error') &&
  !stop.some((word) => word === 'queued' || word === 'in_progress')
const answers = recordings(isAnswer)
/** What passes as it came is the vendor's own. */
const answersFor = (caller: string) => answers.filter(({ api }) => spoken[api] !== caller)
const title = `to a caller of %s, answers by the vendors’ published schemas (${recordingsMissing ?? 'replayed'})`

/** OpenAI's own streams of Completions say it, and its schema of them knows whole answers alone. */
const isOfOpenAiToo = (name: DialectName, problem: string): boolean =>
  name === 'openai-completions' && problem.startsWith('.choices[0].finish_reason: null')

describe('the check itself', () => {
  it('finds what is missing, of another type, or of no variant', () => {
    const choice = { index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: 'done' }
    expect(published.chat({ id: 'x', object: 'chat.completion', created: '1', choices: [choice] })).toEqual(
      expect.arrayContaining([
        '.model: is missing',
        '.created: "1" is not number',
        '.choices[0].message.refusal: is missing',
        '.choices[0].logprobs: is missing',
      ]),
    )
  })
})

describe.skipIf(recordingsMissing !== undefined).each(Object.keys(publishedChecks) as DialectName[])(
  title,
  (name) => {
    it.each(answersFor(name))('$file', (recording) => {
      const { provider } = dialects[spoken[recording.api] ?? 'gemini']
      const { caller } = dialects[name]
      const check = publishedChecks[name]
      if (!provider || !caller || !check) throw new Error('Nobody speaks so.')
      const naming = { model: 'm' }
      const request = { model: 'm', input: 'x', stream_options: { include_usage: true } }
      const { sse, body } = recording.response
      if (sse === undefined) {
        const told = caller.writeReply(provider.readReply(body as Document), naming, request)
        expect(check.whole(JSON.parse(JSON.stringify(told)))).toEqual([])
        return
      }
      const stream = new TranslatedStream(provider.readStream(), caller.writeStream(naming, request))
      const text = (stream.push(Buffer.from(sse))?.toString() ?? '') + stream.ending
      const problems = new SseReader()
        .push(Buffer.from(text))
        .filter(({ data }) => data !== '[DONE]')
        .flatMap(({ data }) => check.event(JSON.parse(data)))
      expect([...new Set(problems)].filter((problem) => !isOfOpenAiToo(name, problem))).toEqual([])
    })
  },
)
