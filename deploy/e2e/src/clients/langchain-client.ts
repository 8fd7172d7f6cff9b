import { ChatAnthropic } from '@langchain/anthropic'
import type { BaseChatModel } from '@langchain/core/language_models/chat_models'
import { type AIMessage, type AIMessageChunk, HumanMessage, type BaseMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { ChatOpenAI } from '@langchain/openai'
import { z } from 'zod'
import { type Client, type MakeClient, weatherTool } from './client.js'

/** LangChain over OpenAI's Chat Completions. */
export const langchainOpenai: MakeClient = ({ url, key, model }) =>
  toClient(new ChatOpenAI({ model, apiKey: key, maxRetries: 0, configuration: { baseURL: `${url}/v1` } }))

/** LangChain over Anthropic's Messages. */
export const langchainAnthropic: MakeClient = ({ url, key, model }) =>
  toClient(new ChatAnthropic({ model, apiKey: key, maxRetries: 0, maxTokens: 500, anthropicApiUrl: url }))

function toClient(chat: BaseChatModel): Client {
  return {
    say: async (text) => (await chat.invoke([new HumanMessage(text)])).text,
    stream: async (text) => {
      const gathered = await gather(await chat.stream([new HumanMessage(text)]))
      return { text: gathered.message.text, pieces: gathered.pieces }
    },
    askWithTool: async (text, { stream }) => {
      const cities: string[] = []
      const weather = tool(({ city }: { city: string }) => (cities.push(city), weatherTool.answer), {
        name: weatherTool.name,
        description: weatherTool.description,
        schema: z.object({ city: z.string() }),
      })
      const model = chat.bindTools?.([weather])
      if (!model) throw new Error('This model takes no tools.')
      const turns: BaseMessage[] = [new HumanMessage(text)]
      for (let turn = 0; turn < 5; turn += 1) {
        const reply: AIMessage | AIMessageChunk = stream
          ? (await gather(await model.stream(turns))).message
          : await model.invoke(turns)
        const calls = reply.tool_calls ?? []
        if (calls.length === 0) return { text: reply.text, cities }
        turns.push(reply)
        for (const call of calls) {
          turns.push(await weather.invoke({ ...call, type: 'tool_call' }))
        }
      }
      throw new Error('The model calls tools without end.')
    },
  }
}

async function gather(
  stream: AsyncIterable<AIMessageChunk>,
): Promise<{ message: AIMessageChunk; pieces: number }> {
  let message: AIMessageChunk | undefined
  let pieces = 0
  for await (const part of stream) {
    message = message ? message.concat(part) : part
    if (part.text !== '') pieces += 1
  }
  if (!message) throw new Error('The stream was empty.')
  return { message, pieces }
}
