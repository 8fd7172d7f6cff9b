import type { LLMock } from '@copilotkit/aimock'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitForAttempts } from '../stack/accounting.js'
import { createScene, type Scene } from '../stack/scene.js'
import { mockCities, mockHello, mockWeather, startWeatherMock } from '../stack/weather-mock.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'
import { anthropicMessages } from './anthropic-client.js'
import type { Client, MakeClient } from './client.js'
import { langchainAnthropic, langchainOpenai } from './langchain-client.js'
import { openaiChat, openaiResponses } from './openai-client.js'
import { providers } from './providers.js'
import { vercelAnthropic, vercelChat, vercelResponses } from './vercel-client.js'

const clients: Record<string, MakeClient> = {
  'openai (Chat Completions)': openaiChat,
  'openai (Responses)': openaiResponses,
  'anthropic (Messages)': anthropicMessages,
  'LangChain (OpenAI)': langchainOpenai,
  'LangChain (Anthropic)': langchainAnthropic,
  'ai (Chat Completions)': vercelChat,
  'ai (Responses)': vercelResponses,
  'ai (Messages)': vercelAnthropic,
}

let weir: SharedWeir
let mock: LLMock

beforeAll(async () => {
  ;[weir, mock] = await Promise.all([useWeir(), startWeatherMock()])
})
afterAll(() => mock.stop())

describe.each(Object.keys(providers))('over a provider of type %s', (type) => {
  let scene: Scene
  const isMock = type !== 'sandbox'

  beforeAll(async () => {
    const provider = providers[type]?.(mock.url)
    scene = await createScene(weir, provider ? { provider, baseUrl: mock.url } : {})
  })

  describe.each(Object.keys(clients))('%s', (name) => {
    let client: Client
    let key: { id: string; key: string }

    beforeAll(async () => {
      const { workspace, team, model, factory } = scene
      key = await factory.createVirtualKey({ workspace: workspace.id, team: team.id })
      const make = clients[name]
      if (!make) throw new Error(`There is no client ${name}.`)
      client = make({ url: weir.url, key: key.key, model: model.name })
    })

    it('chats, streams and completes a loop of tools, each call accounted for once', async () => {
      const hello = isMock ? mockHello : 'You said: Hello'
      expect(await client.say('Hello')).toBe(hello)
      const streamed = await client.stream('Hello')
      expect(streamed.text).toBe(hello)
      expect(streamed.pieces).toBeGreaterThan(1)
      for (const stream of [false, true]) {
        const { cities, text } = await client.askWithTool('What is the weather?', { stream })
        expect(cities).toEqual(isMock ? mockCities : ['example'])
        expect(text).toBe(isMock ? mockWeather : 'You said: {"degrees":21}')
      }
      const attempts = await waitForAttempts(weir.management, { key: key.id }, 6)
      expect(attempts.map(({ outcome }) => outcome)).toEqual(Array(6).fill('succeeded'))
    })
  })
})
