import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { generateText, isStepCount, jsonSchema, type LanguageModel, streamText, tool } from 'ai'
import { type Client, type MakeClient, weatherTool } from './client.js'

/** Vercel's `ai` over OpenAI's Chat Completions. */
export const vercelChat: MakeClient = ({ url, key, model }) =>
  toClient(createOpenAI({ baseURL: `${url}/v1`, apiKey: key }).chat(model))

/** Vercel's `ai` over OpenAI's Responses. */
export const vercelResponses: MakeClient = ({ url, key, model }) =>
  toClient(createOpenAI({ baseURL: `${url}/v1`, apiKey: key }).responses(model))

/** Vercel's `ai` over Anthropic's Messages. */
export const vercelAnthropic: MakeClient = ({ url, key, model }) =>
  toClient(createAnthropic({ baseURL: `${url}/v1`, apiKey: key })(model))

function toClient(model: LanguageModel): Client {
  return {
    say: async (prompt) => (await generateText({ model, prompt, maxRetries: 0 })).text,
    stream: async (prompt) => {
      const { textStream } = streamText({ model, prompt, maxRetries: 0 })
      let [text, pieces] = ['', 0]
      for await (const part of textStream) {
        text += part
        pieces += 1
      }
      return { text, pieces }
    },
    askWithTool: async (prompt, { stream }) => {
      const cities: string[] = []
      const weather = tool({
        description: weatherTool.description,
        inputSchema: jsonSchema<{ city: string }>(weatherTool.schema),
        execute: ({ city }) => (cities.push(city), weatherTool.answer),
      })
      const request = {
        ...{ model, prompt, maxRetries: 0 },
        tools: { [weatherTool.name]: weather },
        stopWhen: isStepCount(5),
      }
      const text = stream ? await streamText(request).text : (await generateText(request)).text
      return { text, cities }
    },
  }
}
