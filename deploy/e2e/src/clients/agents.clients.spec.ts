import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ChatCompletionRequest, LLMock } from '@copilotkit/aimock'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createScene, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'
import { installFromNpm, run } from './installed.js'
import { providers } from './providers.js'

const prompt = 'Read note.txt and tell me what it says.'
const note = 'The heron waits at the weir.'
const answer = 'It says: the heron waits.'

let weir: SharedWeir
let mock: LLMock
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-clients-'))
  writeFileSync(join(folder, 'note.txt'), note)
  ;[weir, mock] = await Promise.all([
    useWeir(),
    LLMock.create({ port: 0, journalMaxEntries: 0, chunkSize: 20 }),
  ])
  // The model has read the note only when the agent has sent it back.
  mock.on({ predicate: (request) => hasReadNote(request) }, { content: answer })
  mock.on({ predicate: (request) => (request.tools ?? []).length > 0 }, (request) => ({
    toolCalls: [readingTool(request)],
  }))
  mock.onMessage(/./, { content: 'A note' })
})
afterAll(async () => {
  await mock.stop()
  rmSync(folder, { recursive: true, force: true })
})

const hasReadNote = ({ messages }: ChatCompletionRequest): boolean =>
  messages.some(({ role, content }) => role === 'tool' && JSON.stringify(content).includes(note))

/** The call that reads the note, by the tools that the agent offers. */
function readingTool({ tools = [] }: ChatCompletionRequest): { name: string; arguments: string } {
  const path = join(folder, 'note.txt')
  const known: Record<string, object> = {
    Read: { file_path: path },
    exec_command: { cmd: `cat ${path}` },
    shell_command: { command: `cat ${path}` },
    shell: { command: ['cat', path] },
  }
  const name = tools.map((tool) => tool.function.name).find((tool) => known[tool])
  if (name === undefined) throw new Error('The agent offers no tool that reads.')
  return { name, arguments: JSON.stringify(known[name]) }
}

describe.each(Object.keys(providers).filter((type) => type !== 'sandbox'))(
  'over a provider of type %s',
  (type) => {
    let scene: Scene

    beforeAll(async () => {
      scene = await createScene(weir, { baseUrl: mock.url, provider: providers[type]?.(mock.url) ?? {} })
    })

    it('Claude Code reads a file and answers', async () => {
      const home = await installFromNpm('@anthropic-ai/claude-code', '2.1.330')
      const program = join(
        home,
        `node_modules/@anthropic-ai/claude-code-${process.platform}-${process.arch}/claude`,
      )
      const model = scene.model.name
      const printed = await run(
        program,
        ['-p', prompt, '--output-format', 'json', '--model', model, '--allowedTools', 'Read'],
        {
          cwd: folder,
          env: {
            ANTHROPIC_BASE_URL: weir.url,
            ANTHROPIC_AUTH_TOKEN: scene.key,
            ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
            CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
          },
        },
      )
      expect(JSON.parse(printed)).toMatchObject({ is_error: false, result: answer })
    })

    it('Codex reads a file and answers', async () => {
      const home = await installFromNpm('@openai/codex', '0.169.0')
      const settings = [
        'model_provider="weir"',
        'model_providers.weir.name="Weir"',
        `model_providers.weir.base_url="${weir.url}/v1"`,
        'model_providers.weir.env_key="WEIR_KEY"',
        'model_providers.weir.wire_api="responses"',
      ].flatMap((setting) => ['-c', setting])
      const options = ['--skip-git-repo-check', '--sandbox', 'danger-full-access', '-m', scene.model.name]
      const printed = await run(
        process.execPath,
        [join(home, 'node_modules/@openai/codex/bin/codex.js'), 'exec', ...options, ...settings, prompt],
        { cwd: folder, env: { WEIR_KEY: scene.key } },
      )
      expect(printed).toContain(answer)
    })
  },
)
