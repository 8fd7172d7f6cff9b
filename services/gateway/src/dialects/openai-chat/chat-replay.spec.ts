import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Document } from '../../conversation/dialect.js'
import { asList, asObject, objectsOf, parseObject } from '../../conversation/json.js'
import type { Reply } from '../../conversation/reply.js'
import { assemble } from '../../testing/assemble.js'
import { cutAt, recordings, recordingsMissing, type Recording } from '../../testing/recordings.js'
import { openAiChat as dialect } from './openai-chat.js'

const asked = recordings(({ api }) => api === 'chat.completions')
const all = asked.filter(({ status, features }) => status === 200 && !features.includes('error'))
const wholes = all.filter(({ stream }) => !stream)
const streams = all.filter(({ stream }) => stream)
const failing = asked.filter(({ status, features }) => status === 200 && features.includes('error'))
const refused = asked.filter(({ status }) => status >= 400)
const title = `every recorded exchange of Chat Completions (${recordingsMissing ?? 'replayed'})`

describe.skipIf(recordingsMissing !== undefined)(title, () => {
  it.each(streams)('passes the stream $file byte for byte to who asked for usage', (recording) => {
    const bytes = Buffer.from(sseOf(recording))
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 30 }), (cuts) => {
        const tap = dialect.tapStream({ stream: true, stream_options: { include_usage: true } })
        const shown = cutAt(bytes, cuts).flatMap((chunk) => tap.push(chunk) ?? [])
        expect(Buffer.concat(shown).toString() + tap.ending).toBe(bytes.toString().trimEnd() + '\n\n')
        expect(tap).toMatchObject({ done: true, failed: false, isCut: false })
        expectUsage(tap.usage, recording)
      }),
      { numRuns: 5 },
    )
  })

  it.each(streams)('hides of the stream $file the usage alone from who did not', (recording) => {
    const tap = dialect.tapStream({ stream: true })
    const shown = tap.push(Buffer.from(sseOf(recording)))?.toString() ?? ''
    const seen = chunksOf(shown)
    expect(seen.some((chunk) => 'usage' in chunk)).toBe(false)
    const withoutUsage = chunksOf(sseOf(recording)).flatMap(({ usage, ...chunk }) =>
      usage && asList(chunk['choices']).length === 0 ? [] : [chunk],
    )
    expect(seen).toEqual(withoutUsage)
    expectUsage(tap.usage, recording)
  })

  it.each(wholes)('reads the usage of $file', (recording) => {
    expectUsage(dialect.readReplyUsage(recording.response.body), recording)
    expect(dialect.estimateReplyTokens(recording.response.body)).toBeGreaterThan(0)
  })

  it.each(all)(
    'keeps of the reply $file its texts, calls, reasoning, sources, end and usage',
    (recording) => {
      const recorded = completionOf(recording)
      const reply = replyOf(recording)
      expect(reply).toMatchObject({ id: recorded.id, model: recorded.model })
      const written = dialect.writeReply(reply, { model: recorded.model }, {})
      expect(gistOfCompletion(written)).toEqual(recorded.gist)
      expectUsage(dialect.readUsage(written['usage']), recording)
    },
  )

  it.each(streams)('tells of the stream $file the same, however its bytes are cut', (recording) => {
    const bytes = Buffer.from(sseOf(recording))
    const whole = dialect.readStream().push(bytes)
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 30 }), (cuts) => {
        const reader = dialect.readStream()
        const events = cutAt(bytes, cuts).flatMap((chunk) => reader.push(chunk))
        expect(events.map(withoutMadeUp)).toEqual(whole.map(withoutMadeUp))
      }),
      { numRuns: 5 },
    )
  })

  it.each(asked)('keeps of the request $file its messages, tools and settings', ({ request }) => {
    const document = request.body as Document
    if (document['web_search_options'] || objectsOf(document['tools']).some((tool) => !tool['function'])) {
      const conversation = dialect.readRequest(document)
      expect(conversation.tools.some(({ type }) => type === 'native')).toBe(true)
      return
    }
    const { document: written } = dialect.writeRequest(dialect.readRequest(document), {
      model: String(document['model']),
    })
    expect(objectsOf(written['messages']).map(said)).toEqual(objectsOf(document['messages']).map(said))
    for (const field of ['tool_choice', 'response_format', 'temperature', 'n', 'seed'])
      expect(written[field]).toEqual(document[field])
    const named = (tools: unknown) => objectsOf(tools).map((tool) => ({ type: 'function', ...tool }))
    const strictless = ({ strict: _strict, ...tool }: Document) => tool
    expect(
      named(written['tools']).map((tool) => strictless(asObject(tool['function' as 'type']) ?? {})),
    ).toEqual(named(document['tools']).map((tool) => strictless(asObject(tool['function' as 'type']) ?? {})))
    const limit = document['max_completion_tokens'] ?? document['max_tokens']
    expect(written['max_completion_tokens'] ?? written['max_tokens']).toEqual(limit)
  })

  it.each(failing)('sees the error in the stream $file', (recording) => {
    const bytes = Buffer.from(sseOf(recording))
    const events = dialect.readStream().push(bytes)
    expect(events.at(-1)).toMatchObject({ type: 'error', error: { status: 400 } })
    const tap = dialect.tapStream({ stream: true, stream_options: { include_usage: true } })
    const shown = tap.push(bytes)?.toString() ?? ''
    expect(shown + tap.ending).toBe(bytes.toString())
    expect(tap.failed).toBe(true)
  })

  it.each(refused)('reads the error of $file', ({ status, response }) => {
    const recorded = asObject(asObject(response.body)?.['error'])
    expect(dialect.readError(status, response.body)).toMatchObject({ status, message: recorded?.['message'] })
  })
})

const sseOf = ({ response }: Recording): string => response.sse ?? ''

const chunksOf = (sse: string): Document[] =>
  objectsOf([...sse.matchAll(/^data: ?(\{.*)$/gm)].map(([, json]) => parseObject(json ?? '')))

/** What nobody told is made up anew each time. */
function withoutMadeUp(event: object): object {
  return 'created' in event ? { ...event, created: 0 } : event
}

function replyOf(recording: Recording): Reply {
  if (!recording.stream) return dialect.readReply(recording.response.body as Document)
  const { reply, isEnded } = assemble(dialect.readStream().push(Buffer.from(sseOf(recording))))
  expect(isEnded).toBe(true)
  return reply
}

interface Gist {
  text: string
  refusal: string
  reasoning: string
  calls: { id: unknown; name: unknown; arguments: string }[]
  sources: unknown[]
  finish: unknown
}

/** What a completion says; of a stream, put together without the dialect. */
function completionOf(recording: Recording): { id: unknown; model: string; gist: Gist } {
  if (!recording.stream) {
    const body = recording.response.body as Document
    return { id: body['id'], model: String(body['model']), gist: gistOfCompletion(body) }
  }
  const chunks = chunksOf(sseOf(recording)).filter(({ choices }) => asList(choices).length > 0)
  const gist: Gist = { text: '', refusal: '', reasoning: '', calls: [], sources: [], finish: undefined }
  for (const chunk of chunks) {
    const choice = objectsOf(chunk['choices'])[0] ?? {}
    const more = gistOfMessage(asObject(choice['delta']) ?? {})
    gist.text += more.text
    gist.refusal += more.refusal
    gist.reasoning += more.reasoning
    gist.sources.push(...more.sources)
    gist.finish = choice['finish_reason'] || gist.finish
    for (const call of more.calls) {
      if (call.id !== undefined) gist.calls.push(call)
      else (gist.calls.at(-1) ?? call).arguments += call.arguments
    }
  }
  gist.finish ??= 'stop'
  return { id: chunks[0]?.['id'], model: String(chunks[0]?.['model']), gist }
}

function gistOfCompletion(body: Document): Gist {
  const choice = objectsOf(body['choices'])[0] ?? {}
  return { ...gistOfMessage(asObject(choice['message']) ?? {}), finish: choice['finish_reason'] || 'stop' }
}

function gistOfMessage(message: Document): Omit<Gist, 'finish'> {
  const parts = objectsOf(message['content'])
  const joined = (texts: unknown[]) => texts.map((text) => (typeof text === 'string' ? text : '')).join('')
  const thoughts = parts.flatMap(({ thinking }) => objectsOf(thinking)).map(({ text }) => text)
  const details = joined(objectsOf(message['reasoning_details']).map(({ text, summary }) => text ?? summary))
  const plain = joined([message['reasoning_content'] ?? message['reasoning']])
  return {
    text: joined([message['content'], ...parts.map(({ text }) => text)]),
    refusal: joined([message['refusal']]),
    reasoning: joined(thoughts) || details || plain,
    calls: objectsOf(message['tool_calls']).map((call) => {
      const found = asObject(call['function']) ?? {}
      return { id: call['id'], name: found['name'], arguments: joined([found['arguments']]) }
    }),
    sources: objectsOf(message['annotations']).map(
      (annotation) => asObject(annotation['url_citation'])?.['url'],
    ),
  }
}

/** A message as it is meant: a text is as good as a list of one, and no content as none. */
function said({ role, content, tool_calls: calls, tool_call_id: id, name }: Document): unknown {
  const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : objectsOf(content)
  return {
    role,
    name,
    id,
    calls: objectsOf(calls),
    parts: parts.map(({ cache_control: _cache, prompt_cache_breakpoint: _breakpoint, ...part }) => part),
  }
}

function expectUsage(usage: Reply['usage'], { usage: recorded, file }: Recording): void {
  if (recorded.input === null) return expect(usage).toBeUndefined()
  const cached = recorded.cached ?? 0
  const written = recorded.cache_write ?? 0
  // Google counts its thoughts in nothing but the total: 100 - 66 - 6.
  const reasoning = file.includes('gemini-compatible') ? 28 : (recorded.reasoning ?? 0)
  const output = recorded.output ?? 0
  expect(usage).toMatchObject({
    source: 'reported',
    inputTokens: recorded.input - cached - written,
    cachedInputTokens: cached,
    cacheWriteTokens: written,
    outputTokens: file.includes('gemini-compatible') ? output : output - reasoning,
    reasoningTokens: reasoning,
  })
}
