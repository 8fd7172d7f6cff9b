import type { Home } from './home.js'
import type { InstancePorts } from './instance-ports.js'
import type { InstanceSecrets } from './instance-secrets.js'
import type { Instance, ServiceName } from './service-table.js'

/** Everything that the environment of the services is made from. */
export interface Surroundings {
  home: Home
  ports: InstancePorts
  secrets: InstanceSecrets
  databaseUrl: string
  publicHost: string
  publicPort: number
  gateways: number
  /** The launcher's own environment with the caller's additions: settings pass through, secrets win over ours. */
  env: NodeJS.ProcessEnv
}

const LOOPBACK = '127.0.0.1'

/** The environment of one service. Secrets go this way only: arguments can be read by every user. */
export function serviceEnvironment(
  surroundings: Surroundings,
  { name, row, index }: Instance,
): NodeJS.ProcessEnv {
  const { home, ports, secrets, env, databaseUrl } = surroundings
  const grpc = (service: ServiceName): string => `${LOOPBACK}:${ports.of(service, 'grpc')}`
  const http = (service: ServiceName): string => `http://${LOOPBACK}:${ports.of(service, 'http')}`
  const known = (service: string, kind: string): boolean => ports.all[`${service}.${kind}`] !== undefined
  const addresses: NodeJS.ProcessEnv = {}
  for (const service of ['identity', 'catalog', 'policy', 'metering', 'aggregator'] as const) {
    const variable = `WEIR_${service.toUpperCase()}`
    if (known(service, 'grpc')) addresses[`${variable}_GRPC`] = grpc(service)
    if (known(service, 'http')) addresses[`${variable}_HTTP`] = http(service)
  }
  return {
    WEIR_MASTER_KEY: secrets.masterKey,
    WEIR_INTERNAL_SECRET: secrets.internalSecret,
    WEIR_ENCRYPTION_KEYS: secrets.encryptionKeys,
    WEIR_KEY_PEPPER: secrets.keyPepper,
    WEIR_UPSTREAM_ALLOW: '127.0.0.0/8,::1/128',
    WEIR_NICENESS: String(row.niceness ?? 0),
    ...addresses,
    ...withoutEmpty(env),
    WEIR_DATABASE_URL: databaseUrl,
    WEIR_HOST: row.name === 'gateway' ? surroundings.publicHost : LOOPBACK,
    ...Object.fromEntries(
      row.ports.map((kind) => [`WEIR_${kind.toUpperCase()}_PORT`, String(ports.of(name, kind))]),
    ),
    ...(row.name === 'gateway' && {
      WEIR_PORT: String(surroundings.publicPort),
      WEIR_REUSE_PORT: surroundings.gateways > 1 ? '1' : '0',
      WEIR_DATA_DIR: home.gateway(index),
    }),
  }
}

/** An empty variable is as good as none, so it must not hide a generated secret. */
function withoutEmpty(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
}
