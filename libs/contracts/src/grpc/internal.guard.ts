import { status as GrpcStatus, type Metadata } from '@grpc/grpc-js'
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common'
import { RpcException } from '@nestjs/microservices'
import { createHash, timingSafeEqual } from 'node:crypto'
import type { InternalTrust } from './credentials.js'

const digest = (text: string) => createHash('sha256').update(text).digest()

/** Refuses every gRPC call without the shared secret. Global, so that no handler can be forgotten. */
@Injectable()
export class InternalGuard implements CanActivate {
  private readonly expected: Buffer

  constructor(trust: InternalTrust) {
    this.expected = digest(`Bearer ${trust.internalSecret}`)
  }

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'rpc') return true
    const metadata: unknown = context.switchToRpc().getContext()
    // Events from the bus have no metadata: the bus itself is authenticated.
    if (!isMetadata(metadata)) return true
    const [sent] = metadata.get('authorization')
    if (timingSafeEqual(digest(String(sent ?? '')), this.expected)) return true
    throw new RpcException({
      code: GrpcStatus.UNAUTHENTICATED,
      message: 'The internal secret is missing or wrong.',
    })
  }
}

function isMetadata(value: unknown): value is Metadata {
  return typeof value === 'object' && value !== null && 'getMap' in value
}
