import Anthropic from '@anthropic-ai/sdk'
import { type Client, type MakeClient, weatherTool } from './client.js'

const { name, description, schema, answer } = weatherTool

/** The official SDK on Messages. */
export const anthropicMessages: MakeClient = ({ url, key, model }): Client => {
  const { messages } = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 })
  const limits = { model, max_tokens: 500 }
  const tools = [{ name, description, input_schema: schema }]
  const textOf = ({ content }: Anthropic.Message) =>
    content.map((block) => (block.type === 'text' ? block.text : '')).join('')
  return {
    say: async (text) =>
      textOf(await messages.create({ ...limits, messages: [{ role: 'user', content: text }] })),
    stream: async (text) => {
      const stream = messages.stream({ ...limits, messages: [{ role: 'user', content: text }] })
      let pieces = 0
      stream.on('text', () => (pieces += 1))
      return { text: await stream.finalText(), pieces }
    },
    askWithTool: async (text, { stream }) => {
      const cities: string[] = []
      const turns: Anthropic.MessageParam[] = [{ role: 'user', content: text }]
      for (let turn = 0; turn < 5; turn += 1) {
        const request = { ...limits, messages: turns, tools }
        const reply = stream ? await messages.stream(request).finalMessage() : await messages.create(request)
        if (reply.stop_reason !== 'tool_use') return { text: textOf(reply), cities }
        const calls = reply.content.filter((block) => block.type === 'tool_use')
        cities.push(...calls.map(({ input }) => (input as { city: string }).city))
        turns.push(
          { role: 'assistant', content: reply.content },
          {
            role: 'user',
            content: calls.map(({ id }) => ({
              type: 'tool_result',
              tool_use_id: id,
              content: JSON.stringify(answer),
            })),
          },
        )
      }
      throw new Error('The model calls tools without end.')
    },
  }
}
