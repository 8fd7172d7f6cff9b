import { propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { inSpan, SpanKind, tracing } from '@weir/observability'
import type { Batch } from '../bus.js'

/**
 * Runs the work on a batch in the trace of its first message, and leaves a span of the same time in the
 * traces of the others: a batch belongs to many requests, and the work is done once.
 */
export async function inTraceOf(batch: Batch, group: string, work: () => Promise<void>): Promise<void> {
  if (!tracing.on) return work()
  const [first, ...others] = new Set(
    batch.messages.map(({ headers }) => headers['traceparent']).filter(isPresent),
  )
  const name = `process ${batch.topic}`
  const kind = SpanKind.CONSUMER
  const attributes = {
    'messaging.destination.name': batch.topic,
    'messaging.consumer.group.name': group,
    'messaging.batch.message_count': batch.messages.length,
  }
  const startTime = Date.now()
  try {
    await inSpan({ name, kind, attributes, ...(first && { traceparent: first }) }, work)
  } finally {
    for (const traceparent of others) {
      const parent = propagation.extract(ROOT_CONTEXT, { traceparent })
      trace.getTracer('weir').startSpan(name, { kind, attributes, startTime }, parent).end()
    }
  }
}

function isPresent(value: string | undefined): value is string {
  return value !== undefined
}
