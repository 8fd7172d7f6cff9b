import { LLMock } from '@copilotkit/aimock'

/** What `startWeatherMock` says to anything but the weather. */
export const mockHello = 'Hello from the mock, in a few words.'

/** The cities whose weather it asks for, in one answer. */
export const mockCities = ['Lyon', 'Oslo']

/** What it says once it has been told. */
export const mockWeather = 'It is 21 degrees there.'

/** What it counts in any request to count tokens. */
export const mockCount = 7

/**
 * A mock of every vendor's API: it says hello, calls the tool `get_weather` for two cities when it is asked
 * of the weather, and answers once it has a tool's result. Streams come in small pieces.
 */
export async function startWeatherMock(): Promise<LLMock> {
  const mock = await LLMock.create({ port: 0, journalMaxEntries: 0, chunkSize: 4 })
  mock.on({ hasToolResult: true }, { content: mockWeather })
  mock.onMessage(/weather/, {
    toolCalls: mockCities.map((city) => ({ name: 'get_weather', arguments: JSON.stringify({ city }) })),
  })
  mock.onMessage(/./, { content: mockHello })
  mock.mount('/v1/messages/count_tokens', {
    handleRequest: (_request, response) => {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ input_tokens: mockCount }))
      return Promise.resolve(true)
    },
  })
  return mock
}
