import { createHash } from 'node:crypto'
import type { Conversation, Part, Turn } from './conversation.js'
import type { StreamReader } from './dialect.js'
import type { Reply, ReplyEvent } from './reply.js'

/** What every vendor takes: letters, digits, `_` and `-`, 64 at most, a letter or `_` first. */
const maxLength = 64

/**
 * Names of a request's tools that the provider would refuse (longer than it takes, with a dot or a
 * space), by the names that it gets in their place. One name always gets the same other one, so that
 * what the provider has cached of a conversation is found again.
 */
export class ToolNames {
  private readonly sent = new Map<string, string>()
  private readonly asked = new Map<string, string>()

  /** @param taken what a name must be to be taken by the provider */
  constructor(
    private readonly conversation: Conversation,
    taken: RegExp,
  ) {
    const note = (name: string): void => {
      if (taken.test(name) || this.sent.has(name)) return
      const other = shortName(name)
      this.sent.set(name, other)
      this.asked.set(other, name)
    }
    for (const tool of conversation.tools) if (tool.type === 'function') note(tool.name)
    for (const { parts } of conversation.turns)
      for (const part of parts) if (part.type === 'tool_call') note(part.name)
  }

  /** The conversation as the provider gets it. */
  toProvider(): Conversation {
    const { conversation } = this
    const { tools, turns, toolChoice } = conversation
    if (this.sent.size === 0) return conversation
    return {
      ...conversation,
      tools: tools.map((tool) =>
        tool.type === 'function' ? { ...tool, name: this.sentName(tool.name) } : tool,
      ),
      turns: turns.map((turn) => this.turnToProvider(turn)),
      ...(typeof toolChoice === 'object' && { toolChoice: { name: this.sentName(toolChoice.name) } }),
    }
  }

  /** An answer with the names that the caller knows. */
  replyToCaller(reply: Reply): Reply {
    if (this.sent.size === 0) return reply
    const toCaller = (part: Part): Part =>
      part.type === 'tool_call' ? { ...part, name: this.askedName(part.name) } : part
    return {
      ...reply,
      choices: reply.choices.map((choice) => ({ ...choice, parts: choice.parts.map(toCaller) })),
    }
  }

  /** A stream that tells the names that the caller knows. */
  streamToCaller(reader: StreamReader): StreamReader {
    if (this.sent.size === 0) return reader
    return { push: (chunk) => reader.push(chunk).map((event) => this.eventToCaller(event)) }
  }

  private turnToProvider(turn: Turn): Turn {
    const toProvider = (part: Part): Part => {
      if (part.type === 'tool_call') return { ...part, name: this.sentName(part.name) }
      return part.type === 'tool_result' && part.name !== undefined
        ? { ...part, name: this.sentName(part.name) }
        : part
    }
    return { ...turn, parts: turn.parts.map(toProvider) }
  }

  private eventToCaller(event: ReplyEvent): ReplyEvent {
    return event.type === 'part_start' && event.start.type === 'tool_call'
      ? { ...event, start: { ...event.start, name: this.askedName(event.start.name) } }
      : event
  }

  private sentName(name: string): string {
    return this.sent.get(name) ?? name
  }

  private askedName(name: string): string {
    return this.asked.get(name) ?? name
  }
}

/** As much of the name as there is room for, since models go by it, and what tells it from its like. */
function shortName(name: string): string {
  const ending = `_${createHash('sha256').update(name).digest('hex').slice(0, 10)}`
  const known = name.replace(/[^a-zA-Z0-9_-]/g, '_').replace(/^(?![a-zA-Z_])/, '_')
  return known.slice(0, maxLength - ending.length) + ending
}
