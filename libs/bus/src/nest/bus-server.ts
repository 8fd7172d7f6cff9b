import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices'
import type { EventType } from '@weir/contracts'
import { isObservable, lastValueFrom } from 'rxjs'
import { PoisonedMessage, type Batch, type Bus, type Subscription } from '../bus.js'
import { reasonOf } from '../reason.js'
import type { EventBatch } from './on-event.js'
import { inTraceOf } from './trace-batch.js'

/**
 * Binds Nest's controllers to the bus: `@OnEvent` methods become the handlers of one consumer group. Nest's
 * own Kafka transport takes one message at a time, and usage must be consumed in batches.
 */
export class BusServer extends Server implements CustomTransportStrategy {
  /** Failures go to the bus, which delivers again. */
  override propagatesEventHandlerErrors = true
  private subscription: Subscription | undefined

  constructor(
    private readonly bus: Bus,
    private readonly group: string,
  ) {
    super()
  }

  listen(callback: (error?: unknown) => void): void {
    this.subscribe().then(() => callback(), callback)
  }

  /** Finishes the batches at hand. */
  async close(): Promise<void> {
    await this.subscription?.close()
  }

  /** Messages that the group has not committed; 0 before it listens. */
  async lag(): Promise<number> {
    return (await this.subscription?.lag()) ?? 0
  }

  /** There are no events of a connection to listen to: the bus connects again by itself. */
  on(): never {
    throw new Error('the bus has no connection events')
  }

  unwrap<T>(): T {
    return this.bus as T
  }

  private async subscribe(): Promise<void> {
    // Beside a gRPC server there are handlers of its calls too, which Nest hands to every transport.
    const handlers = [...this.messageHandlers].filter(([, handler]) => isOfEvent(handler))
    const topics = handlers.map(([topic]) => topic)
    if (topics.length === 0) return
    this.subscription = await this.bus.subscribe({
      group: this.group,
      topics,
      handle: (batch) => this.handleBatch(batch),
    })
  }

  private async handleBatch(batch: Batch): Promise<void> {
    const handler = this.messageHandlers.get(batch.topic)
    if (!handler) throw new Error(`the group ${this.group} has no handler for ${batch.topic}`)
    const events = decodeBatch(batch, eventTypeOf(handler))
    await inTraceOf(batch, this.group, async () => {
      const result: unknown = await handler(events, batch)
      if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined })
    })
  }
}

function isOfEvent(handler: MessageHandler): boolean {
  return (handler.extras as { eventType?: unknown } | undefined)?.eventType !== undefined
}

function eventTypeOf(handler: MessageHandler): EventType<object> {
  return (handler.extras as { eventType: EventType<object> }).eventType
}

function decodeBatch(
  { topic, partition, messages }: Batch,
  eventType: EventType<object>,
): EventBatch<object> {
  const events = messages.map((message) => {
    try {
      return { event: eventType.decode(message.value), message }
    } catch (error) {
      throw new PoisonedMessage(message, reasonOf(error))
    }
  })
  return { topic, partition, events }
}
