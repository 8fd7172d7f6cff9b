import {
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'

let stop: (() => Promise<void>) | undefined

/** Whether traces are on; callers on the hot path skip all tracing work when they are not. */
export const tracing = { on: false }

/** Turns traces on when OTEL_EXPORTER_OTLP_ENDPOINT is set; the SDK is not even loaded otherwise. */
export async function startTracing(service: string): Promise<void> {
  if (!process.env['OTEL_EXPORTER_OTLP_ENDPOINT']) return
  const { NodeSDK } = await import('@opentelemetry/sdk-node')
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http')
  const sdk = new NodeSDK({
    serviceName: `weir-${service}`,
    traceExporter: new OTLPTraceExporter(),
    instrumentations: [],
  })
  sdk.start()
  tracing.on = true
  stop = () => sdk.shutdown()
}

/** Sends what is left; bounded, since a collector that is away must not hold up a shutdown. */
export async function stopTracing(): Promise<void> {
  if (!stop) return
  await Promise.race([stop().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 2_000))])
}

/** W3C traceparent of the current span; undefined when there is none. */
export function currentTraceparent(): string | undefined {
  if (!tracing.on) return undefined
  const carrier: { traceparent?: string } = {}
  propagation.inject(context.active(), carrier)
  return carrier.traceparent
}

/** Runs `work` in a span that continues the trace of `traceparent`; just runs it when traces are off. */
export function inSpan<T>(
  options: {
    name: string
    traceparent?: string
    kind?: SpanKind
    attributes?: Record<string, string | number>
  },
  work: (span: Span | undefined) => Promise<T>,
): Promise<T> {
  if (!tracing.on) return work(undefined)
  const parent = options.traceparent
    ? propagation.extract(ROOT_CONTEXT, { traceparent: options.traceparent })
    : context.active()
  const { name, kind = SpanKind.INTERNAL, attributes } = options
  return trace
    .getTracer('weir')
    .startActiveSpan(name, { kind, ...(attributes && { attributes }) }, parent, async (span) => {
      try {
        return await work(span)
      } catch (error) {
        span.setStatus({
          code: SpanStatusCode.ERROR,
          message: error instanceof Error ? error.message : String(error),
        })
        throw error
      } finally {
        span.end()
      }
    })
}

export { SpanKind } from '@opentelemetry/api'
