import type { MethodDefinition } from '@grpc/grpc-js'
import { type MicroserviceOptions, Transport } from '@nestjs/microservices'
import { type InternalTrust, serverCredentials } from './credentials.js'

type ServiceDefinition = Record<string, MethodDefinition<never, never> | { path: string }>

/** `/weir.identity.v1.VirtualKeyService/ResolveVirtualKey` → `weir.identity.v1.VirtualKeyService`. */
function serviceName(definition: ServiceDefinition): string {
  const path = Object.values(definition)[0]?.path ?? ''
  return path.split('/')[1] ?? ''
}

/**
 * Nest's options of a gRPC server for generated service definitions: the wire format is the
 * generated code's on both sides, so no .proto file is read when a service starts.
 */
export function grpcServerOptions(options: {
  services: ServiceDefinition[]
  host: string
  port: number
  trust: InternalTrust
}): MicroserviceOptions {
  const packageDefinition = Object.fromEntries(
    options.services.map((definition) => [serviceName(definition), definition]),
  )
  const packages = options.services.map((definition) => serviceName(definition).replace(/\.\w+$/, ''))
  return {
    transport: Transport.GRPC,
    options: {
      package: [...new Set(packages)],
      packageDefinition,
      url: `${options.host}:${options.port}`,
      credentials: serverCredentials(options.trust),
      gracefulShutdown: false,
      channelOptions: {
        'grpc.max_receive_message_length': 4 * 1024 * 1024,
        // Clients ping every 5 s to notice a vanished server.
        'grpc.http2.min_ping_interval_without_data_ms': 4_000,
      } as Record<string, number>,
    },
  }
}
