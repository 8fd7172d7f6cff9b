import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LLMock } from '@copilotkit/aimock'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createScene, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'
import { installFromPypi, run } from './installed.js'
import { providers } from './providers.js'

const langchain = ['langchain-openai==1.7.3', 'langchain-anthropic==1.7.7']

/** Client → the packages that it needs. */
const packages: Record<string, string[]> = {
  anthropic: ['anthropic==2.12.0'],
  langchain_openai: langchain,
  langchain_anthropic: langchain,
  llama_index_openai: ['llama-index-llms-openai-like==0.8.1'],
  llm: ['llm==0.36'],
}

const script = fileURLToPath(new URL('python-clients.py', import.meta.url))
let weir: SharedWeir
let mock: LLMock
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-clients-'))
  ;[weir, mock] = await Promise.all([
    useWeir(),
    LLMock.create({ port: 0, journalMaxEntries: 0, chunkSize: 4 }),
  ])
  mock.on({ hasToolResult: true }, { content: 'It is 21 degrees there.' })
  mock.onMessage(/weather/, {
    toolCalls: [
      { name: 'get_weather', arguments: '{"city":"Lyon"}' },
      { name: 'get_weather', arguments: '{"city":"Oslo"}' },
    ],
  })
  mock.onMessage(/./, { content: 'Hello from the mock.' })
})
afterAll(async () => {
  await mock.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe.each(Object.keys(providers).filter((type) => type !== 'sandbox'))(
  'over a provider of type %s',
  (type) => {
    let scene: Scene

    beforeAll(async () => {
      scene = await createScene(weir, { baseUrl: mock.url, provider: providers[type]?.(mock.url) ?? {} })
    })

    it.each(Object.keys(packages))('%s chats, streams and completes a loop of tools', async (client) => {
      const needed = packages[client] ?? []
      const python = await installFromPypi(needed.join('-').replaceAll('==', '-'), needed)
      const input = JSON.stringify({ url: weir.url, key: scene.key, model: scene.model.name })
      const printed = await run(python, [script, client], { cwd: folder, env: {}, input })
      expect(JSON.parse(printed)).toEqual({
        said: 'Hello from the mock.',
        streamed: 'Hello from the mock.',
        cities: ['Lyon', 'Oslo'],
        answer: 'It is 21 degrees there.',
      })
    })
  },
)
