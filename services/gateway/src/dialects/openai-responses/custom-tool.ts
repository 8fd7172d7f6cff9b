import type { FunctionTool } from '../../conversation/conversation.js'
import type { Document } from '../../conversation/dialect.js'
import { asObject, asText, parseObject } from '../../conversation/json.js'

/**
 * A custom tool takes free text (Codex's apply_patch). No other dialect has the like, so it is told as
 * a function of one string, and calls of it are told back as calls of a custom tool.
 */
export function readCustomTool(tool: Document): FunctionTool {
  const format = asObject(tool['format'])
  const grammar = asText(format?.['definition'])
  const description = asText(tool['description']) ?? ''
  const rule =
    grammar === undefined
      ? ''
      : `\n\nThe input must follow this ${asText(format?.['syntax']) ?? ''} grammar:\n${grammar}`
  return {
    type: 'function',
    name: asText(tool['name']) ?? '',
    description: description + rule,
    schema: {
      type: 'object',
      properties: { input: { type: 'string', description: 'The whole input of the tool, as it is.' } },
      required: ['input'],
      additionalProperties: false,
    },
  }
}

/** The free text in the arguments of a call; what a model wrote otherwise goes as it is. */
export function inputOfArguments(json: string): string {
  const input = parseObject(json)?.['input']
  return typeof input === 'string' ? input : json
}

export const argumentsOfInput = (input: string): string => JSON.stringify({ input })
