import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LLMock } from '@copilotkit/aimock'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { atLeast } from '../stack/matchers.js'
import { createScene, inForce, type Scene } from '../stack/scene.js'
import { mockCities, mockCount, mockHello, mockWeather, startWeatherMock } from '../stack/weather-mock.js'
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
  // From 2.0 on the SDK has no `MessageParam` that could be called, as this does.
  llama_index_anthropic: ['llama-index-llms-anthropic==0.12.3', 'anthropic==1.17.0'],
  llm: ['llm==0.36'],
}

/**
 * LlamaIndex takes none but the names of models that it knows, and sends most of them a temperature, which the SDK has
 * not had since 1.0: an alias by the name of one without.
 */
const alias = 'claude-opus-5'

const script = fileURLToPath(new URL('python-clients.py', import.meta.url))
let weir: SharedWeir
let mock: LLMock
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-clients-'))
  ;[weir, mock] = await Promise.all([useWeir(), startWeatherMock()])
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
      const targets = [{ model: scene.model.name }]
      await weir.management.create('/v1/deployments', {
        name: alias,
        workspace: scene.workspace.id,
        targets,
      })
      await inForce(weir, scene.key, alias)
    })

    it.each(Object.keys(packages))('%s chats, streams and completes a loop of tools', async (client) => {
      const needed = packages[client] ?? []
      const python = await installFromPypi(needed.join('-').replaceAll('==', '-'), needed)
      const model = client === 'llama_index_anthropic' ? alias : scene.model.name
      const input = JSON.stringify({ url: weir.url, key: scene.key, model })
      const printed = await run(python, [script, client], { cwd: folder, env: {}, input })
      expect(JSON.parse(printed)).toEqual({
        said: mockHello,
        streamed: mockHello,
        cities: mockCities,
        answer: mockWeather,
        // Anthropic counts itself; of others Weir has an estimate.
        ...(client === 'anthropic' && { counted: type === 'anthropic' ? mockCount : atLeast(1) }),
      })
    })
  },
)
