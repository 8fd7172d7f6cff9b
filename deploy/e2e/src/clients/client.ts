/** A tool that each client gives to the model: it writes down what it was asked. */
export const weatherTool = {
  name: 'get_weather',
  description: 'The weather of a city.',
  schema: {
    type: 'object' as const,
    properties: { city: { type: 'string' as const } },
    required: ['city'],
    additionalProperties: false,
  },
  answer: { degrees: 21 },
}

/** What an application does with an SDK, whichever it is. */
export interface Client {
  /** Sends one message and gives back the answer. */
  say(text: string): Promise<string>
  /** The same as a stream. */
  stream(text: string): Promise<{ text: string; pieces: number }>
  /** Asks with `weatherTool` at hand, runs it as often as the model calls it, and gives back what came of it. */
  askWithTool(text: string, options: { stream: boolean }): Promise<{ cities: string[]; text: string }>
}

/** Makes a client of the origin of a gateway, as its user would. */
export type MakeClient = (options: { url: string; key: string; model: string }) => Client
