import {
  type ClientReadableStream,
  type Interceptor,
  InterceptingCall,
  makeClientConstructor,
} from '@grpc/grpc-js'
import { currentTraceparent } from '@weir/observability'
import { channelCredentials, type InternalTrust } from './credentials.js'

/** How long a unary call may take, by the last part of its path. A stream has no deadline. */
const deadlinesMs: Record<string, number> = {
  ResolveVirtualKey: 1_000,
  GetPrice: 2_000,
  Evaluate: 2_000,
  ExchangeRates: 1_000,
}
const defaultDeadlineMs = 2_000

/** Only what the server never saw is tried again: UNAVAILABLE, twice, with growing pauses. */
const serviceConfig = JSON.stringify({
  methodConfig: [
    {
      name: [{}],
      retryPolicy: {
        maxAttempts: 3,
        initialBackoff: '0.05s',
        maxBackoff: '0.5s',
        backoffMultiplier: 2,
        retryableStatusCodes: ['UNAVAILABLE'],
      },
    },
  ],
})

/** Adds the shared secret, the trace and the deadline to every call. */
function callContext(secret: string): Interceptor {
  return (options, nextCall) => {
    const definition = options.method_definition
    if (!definition.responseStream && options.deadline === undefined) {
      const method = definition.path.slice(definition.path.lastIndexOf('/') + 1)
      options.deadline = Date.now() + (deadlinesMs[method] ?? defaultDeadlineMs)
    }
    return new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        metadata.set('authorization', `Bearer ${secret}`)
        const traceparent = currentTraceparent()
        if (traceparent) metadata.set('traceparent', traceparent)
        next(metadata, listener)
      },
    })
  }
}

interface Method<Request, Response> {
  path: string
  requestStream: boolean
  responseStream: boolean
  requestSerialize: (value: Request) => Buffer
  requestDeserialize: (value: Buffer) => Request
  responseSerialize: (value: Response) => Buffer
  responseDeserialize: (value: Buffer) => Response
}

type Call<Definition> =
  Definition extends Method<infer Request, infer Response>
    ? Definition['responseStream'] extends true
      ? (request: Request) => ClientReadableStream<Response>
      : (request: Request) => Promise<Response>
    : never

/** A client of one service: unary calls as promises, server streams as readable streams. */
export type GrpcClient<Service> = { [Name in keyof Service]: Call<Service[Name]> } & { close(): void }

/**
 * The one place where a gRPC client is made: authentication, deadlines, retries, trace context.
 * `service` is a generated definition. Calls reject with grpc-js's ServiceError.
 */
export function createGrpcClient<Service extends object>(
  service: Service,
  address: string,
  trust: InternalTrust,
): GrpcClient<Service> {
  const definition = service as Record<string, Method<unknown, unknown>>
  const Client = makeClientConstructor(definition, 'weir')
  const client = new Client(address, channelCredentials(trust), {
    interceptors: [callContext(trust.internalSecret)],
    'grpc.service_config': serviceConfig,
    'grpc.keepalive_time_ms': 5_000,
    'grpc.keepalive_timeout_ms': 2_000,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
  })
  const calls: Record<string, unknown> = { close: () => client.close() }
  for (const [name, { path, responseStream, requestSerialize, responseDeserialize }] of Object.entries(
    definition,
  )) {
    calls[name] = responseStream
      ? (request: unknown) =>
          client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request)
      : (request: unknown) =>
          new Promise((resolve, reject) => {
            client.makeUnaryRequest(
              path,
              requestSerialize,
              responseDeserialize,
              request,
              (error, response) => (error ? reject(error) : resolve(response)),
            )
          })
  }
  return calls as GrpcClient<Service>
}
