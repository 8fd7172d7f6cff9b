import OpenAI from 'openai'
import { type Client, type MakeClient, weatherTool } from './client.js'

const { name, description, schema, answer } = weatherTool
const user = (content: string) => [{ role: 'user' as const, content }]

/** The official SDK on Chat Completions. */
export const openaiChat: MakeClient = ({ url, key, model }): Client => {
  const { chat } = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 })
  return {
    say: async (text) => {
      const { choices } = await chat.completions.create({ model, messages: user(text) })
      return choices[0]?.message.content ?? ''
    },
    stream: async (text) => {
      const stream = chat.completions.stream({ model, messages: user(text) })
      let pieces = 0
      stream.on('content', () => (pieces += 1))
      return { text: (await stream.finalContent()) ?? '', pieces }
    },
    askWithTool: async (text, { stream }) => {
      const cities: string[] = []
      const tool = {
        type: 'function' as const,
        function: {
          ...{ name, description, parameters: schema },
          parse: (json: string) => JSON.parse(json) as { city: string },
          function: ({ city }: { city: string }) => (cities.push(city), answer),
        },
      }
      const request = { model, messages: user(text), tools: [tool] }
      const runner = stream
        ? chat.completions.runTools({ ...request, stream: true })
        : chat.completions.runTools(request)
      return { text: (await runner.finalContent()) ?? '', cities }
    },
  }
}

/** The official SDK on Responses, keeping the conversation itself. */
export const openaiResponses: MakeClient = ({ url, key, model }): Client => {
  const { responses } = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 })
  const tools = [{ type: 'function' as const, name, description, parameters: schema, strict: false }]
  return {
    say: async (text) => (await responses.create({ model, input: text, store: false })).output_text,
    stream: async (text) => {
      const stream = responses.stream({ model, input: text, store: false })
      let pieces = 0
      stream.on('response.output_text.delta', () => (pieces += 1))
      return { text: (await stream.finalResponse()).output_text, pieces }
    },
    askWithTool: async (text, { stream }) => {
      const cities: string[] = []
      const input: OpenAI.Responses.ResponseInput = user(text)
      for (let turn = 0; turn < 5; turn += 1) {
        const request = { model, input, tools, store: false }
        const reply: OpenAI.Responses.Response = stream
          ? await responses.stream(request).finalResponse()
          : await responses.create(request)
        const calls = reply.output.filter(
          (item): item is OpenAI.Responses.ResponseFunctionToolCall => item.type === 'function_call',
        )
        if (calls.length === 0) return { text: reply.output_text, cities }
        input.push(...(reply.output as OpenAI.Responses.ResponseInput))
        for (const call of calls) {
          cities.push((JSON.parse(call.arguments) as { city: string }).city)
          input.push({
            type: 'function_call_output',
            call_id: call.call_id,
            output: JSON.stringify(answer),
          })
        }
      }
      throw new Error('The model calls tools without end.')
    },
  }
}
