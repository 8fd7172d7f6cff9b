import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { LLMock } from '@copilotkit/aimock'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installFromPypi, run } from '../clients/installed.js'
import { waitForAttempts } from '../stack/accounting.js'
import { containing, matching } from '../stack/matchers.js'
import { chunk, RawUpstream } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

const version = '3.54.0'
const script = fileURLToPath(new URL('openai-python.py', import.meta.url))

/** Python with the official SDK; or why there is none. */
async function preparePython(): Promise<{ python?: string; reason?: string }> {
  try {
    return { python: await installFromPypi(`openai-${version}`, [`openai==${version}`]) }
  } catch (error) {
    const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string }
    const reason = code === 'ENOENT' ? 'there is no python3' : (stderr?.trim().split('\n').at(-1) ?? message)
    return { reason: `the Python SDK cannot be installed: ${reason}` }
  }
}

const { python = '', reason } = await preparePython()

if (reason === undefined) describe('the official Python SDK', usePython)
else {
  it('works with the official Python SDK', (context) => {
    if (process.env['CI'] === 'true') throw new Error(reason)
    context.skip(reason)
  })
}

function usePython(): void {
  let weir: SharedWeir
  let mock: LLMock
  let raw: RawUpstream
  let overMock: Scene
  let overRaw: Scene

  beforeAll(async () => {
    ;[weir, mock, raw] = await Promise.all([
      useWeir(),
      LLMock.create({ port: 0, chunkSize: 4 }),
      RawUpstream.start(),
    ])
    mock.on({ hasToolResult: true }, { content: 'It is 21 degrees in Lyon.' })
    mock.onMessage(/weather/, { toolCalls: [{ name: 'get_weather', arguments: '{"city":"Lyon"}' }] })
    mock.onMessage(/./, {
      content: 'Hello from the mock.',
      usage: { prompt_tokens: 5, completion_tokens: 4, total_tokens: 9 },
    })
    overMock = await createScene(weir, { baseUrl: `${mock.url}/v1` })
    overRaw = await createScene(weir, { baseUrl: raw.baseUrl })
  })
  afterAll(() => Promise.all([mock.stop(), raw.stop()]))

  interface Scenario {
    name: 'everything' | 'chat' | 'bad_request' | 'cut'
    key: string
    model: string
  }

  /** Runs scenarios of the script and gives what the SDK gave for each. */
  async function runScenarios(list: Scenario[]): Promise<unknown[]> {
    const input = JSON.stringify(list.map((scenario) => ({ ...scenario, base_url: `${weir.url}/v1` })))
    return JSON.parse(await run(python, [script], { cwd: tmpdir(), env: {}, input })) as unknown[]
  }

  it('chats, streams, completes a loop of tools, lists models, whole and asynchronously', async () => {
    const { key, model } = overMock
    const [everything] = await runScenarios([{ name: 'everything', key, model: model.name }])
    expect(everything).toEqual({
      chat: {
        content: 'Hello from the mock.',
        total_tokens: 9,
        request_id: matching(/^req_/),
      },
      stream: { content: 'Hello from the mock.', usage: null },
      stream_with_usage: { content: 'Hello from the mock.', usage: 9 },
      tools: { arguments: { city: 'Lyon' }, content: 'It is 21 degrees in Lyon.' },
      streamed_tools: { name: 'get_weather', arguments: { city: 'Lyon' } },
      models: expect.arrayContaining([overMock.model.name]) as string[],
      model: { id: overMock.model.name, owned_by: overMock.provider.name },
      asynchronous: ['Hello from the mock.', 'Hello from the mock.', 'Hello from the mock.'],
    })
    const attempts = await waitForAttempts(weir.management, { key: overMock.virtualKey.id }, 9)
    expect(attempts).toHaveLength(9)
    expect(mock.getRequests().filter(({ path }) => path.endsWith('/chat/completions'))).toHaveLength(9)
  })

  it('raises the class that belongs to each refusal', async () => {
    const { factory, workspace, team } = overRaw
    const limited = await factory.createVirtualKey({
      workspace: workspace.id,
      team: team.id,
      models: ['another'],
    })
    const failing = await Promise.all(
      [401, 404, 429, 500].map(async (status) => {
        const model = await overRaw.addModel()
        raw.answer(model.name, (call) => call.reply(status, {}, { 'retry-after': '3' }))
        return model.name
      }),
    )
    const cut = await overRaw.addModel()
    raw.answer(cut.name, async (call) => {
      call.startStream()
      await call.event(chunk('Half of'))
      setTimeout(() => call.cut(), 50)
    })
    const { key, model } = { key: overRaw.key, model: overRaw.model.name }
    const list: Scenario[] = [
      { name: 'chat', key: 'vk_wrong', model },
      { name: 'chat', key: limited.key, model },
      { name: 'chat', key, model: 'nothing' },
      { name: 'bad_request', key, model },
      ...failing.map((model) => ({ name: 'chat' as const, key, model })),
      { name: 'cut', key, model: cut.name },
    ]
    expect(await runScenarios(list)).toEqual([
      ...[
        {
          error: 'AuthenticationError',
          status: 401,
          code: 'invalid_api_key',
          type: 'authentication_error',
        },
        {
          error: 'PermissionDeniedError',
          status: 403,
          code: 'model_not_allowed',
          type: 'permission_error',
        },
        { error: 'NotFoundError', status: 404, code: 'model_not_found', type: 'not_found_error' },
        { error: 'BadRequestError', status: 400, code: 'invalid_request', type: 'invalid_request_error' },
        { error: 'InternalServerError', status: 502, code: 'provider_error', type: 'api_error' },
        { error: 'BadRequestError', status: 400, code: 'unsupported_model', type: 'invalid_request_error' },
        {
          error: 'RateLimitError',
          status: 429,
          code: 'rate_limit_exceeded',
          type: 'rate_limit_error',
          retry_after: '3',
        },
        { error: 'InternalServerError', status: 502, code: 'provider_error', type: 'api_error' },
      ].map(
        (expected) =>
          expect.objectContaining({
            ...expected,
            request_id: matching(/^req_/),
          }) as object,
      ),
      {
        error: 'APIError',
        code: 'provider_error',
        read: ['Half of'],
        message: containing('broke off'),
      },
    ])
  })
}
