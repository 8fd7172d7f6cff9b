import { Catch, UseFilters, type RpcExceptionFilter } from '@nestjs/common'
import { EventPattern } from '@nestjs/microservices'
import type { EventType } from '@weir/contracts'
import { throwError, type Observable } from 'rxjs'
import type { Delivered } from '../bus.js'

/** A batch of one kind of event, from one partition, in order. */
export interface EventBatch<T extends object> {
  topic: string
  partition: number
  events: {
    event: T
    /** As it came: its offset, headers, and the trace in `headers.traceparent`. */
    message: Delivered
  }[]
}

/** What a handler method must be. Nest calls it with the batch alone. */
type HandlerOf<T extends object> = (batch: EventBatch<T>) => Promise<void>

/** Nest would replace every error by "Internal server error", and the bus must tell a poisoned message. */
@Catch()
class PassOn implements RpcExceptionFilter<unknown> {
  catch(error: unknown): Observable<never> {
    return throwError(() => error)
  }
}

/**
 * Makes a controller's method the handler of an event type, in batches; see `SubscribeOptions.handle` for
 * what it may throw. What cannot be decoded does not reach it: that goes to the dead-letter topic.
 */
export function OnEvent<T extends object>(
  eventType: EventType<T>,
): (target: object, propertyKey: string, descriptor: TypedPropertyDescriptor<HandlerOf<T>>) => void {
  return (target, propertyKey, descriptor) => {
    const pattern = EventPattern(eventType.topic, { eventType }) as MethodDecorator
    pattern(target, propertyKey, descriptor)
    UseFilters(PassOn)(target, propertyKey, descriptor)
  }
}
