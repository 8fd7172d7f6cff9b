import { readFileSync } from 'node:fs'
import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js'

/** How processes of Weir prove to each other who they are. */
export interface InternalTrust {
  /** Shared secret, sent with every call. */
  internalSecret: string
  /** Files of the mutual TLS; used when all three are set. */
  tlsCa?: string
  tlsCert?: string
  tlsKey?: string
}

function tlsFiles({ tlsCa, tlsCert, tlsKey }: InternalTrust) {
  if (!tlsCa || !tlsCert || !tlsKey) return undefined
  return { ca: readFileSync(tlsCa), cert: readFileSync(tlsCert), key: readFileSync(tlsKey) }
}

export function channelCredentials(trust: InternalTrust): ChannelCredentials {
  const files = tlsFiles(trust)
  return files
    ? ChannelCredentials.createSsl(files.ca, files.key, files.cert)
    : ChannelCredentials.createInsecure()
}

/** With TLS configured, a caller without a certificate of the same authority gets no connection. */
export function serverCredentials(trust: InternalTrust): ServerCredentials {
  const files = tlsFiles(trust)
  return files
    ? ServerCredentials.createSsl(files.ca, [{ cert_chain: files.cert, private_key: files.key }], true)
    : ServerCredentials.createInsecure()
}
