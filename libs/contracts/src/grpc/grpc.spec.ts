import 'reflect-metadata'
import { status } from '@grpc/grpc-js'
import { Controller, Module } from '@nestjs/common'
import { APP_GUARD, NestFactory } from '@nestjs/core'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { Observable, of } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as identityV1 from '../identity-v1.js'
import { createGrpcClient } from './client.js'
import { InternalGuard } from './internal.guard.js'
import { grpcServerOptions } from './server.js'

const trust = { internalSecret: 's'.repeat(32) }

@Controller()
@identityV1.VirtualKeyServiceControllerMethods()
class VirtualKeys implements identityV1.VirtualKeyServiceController {
  resolveVirtualKey({ hash }: identityV1.ResolveVirtualKeyRequest): identityV1.ResolveVirtualKeyResponse {
    return { epoch: hash.toString('hex'), version: '9007199254740993', resources: [] }
  }

  reportVirtualKeyUses(): identityV1.ReportVirtualKeyUsesResponse {
    return {}
  }
}

@Controller()
@identityV1.IdentitySnapshotServiceControllerMethods()
class Snapshots implements identityV1.IdentitySnapshotServiceController {
  watchIdentity(): Observable<identityV1.WatchIdentityResponse> {
    return of({ epoch: 'e', version: '1', reset: true, synced: true, upserts: [], removals: [] })
  }
}

@Module({
  controllers: [VirtualKeys, Snapshots],
  providers: [{ provide: APP_GUARD, useValue: new InternalGuard(trust) }],
})
class TestModule {}

describe('gRPC between services', () => {
  let address: string
  let close: () => Promise<void>

  beforeAll(async () => {
    const probe = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => probe.once('listening', resolve))
    const { port } = probe.address() as AddressInfo
    await new Promise((resolve) => probe.close(resolve))
    const services = [identityV1.VirtualKeyServiceService, identityV1.IdentitySnapshotServiceService]
    const app = await NestFactory.createMicroservice(TestModule, {
      ...grpcServerOptions({ services, host: '127.0.0.1', port, trust }),
      logger: false,
    })
    await app.listen()
    address = `127.0.0.1:${port}`
    close = () => app.close()
  })

  afterAll(() => close())

  it('carries 64-bit numbers and bytes exactly', async () => {
    const client = createGrpcClient(identityV1.VirtualKeyServiceService, address, trust)
    const response = await client.resolveVirtualKey({ hash: Buffer.from('00ff', 'hex') })
    expect(response).toMatchObject({ epoch: '00ff', version: '9007199254740993' })
    client.close()
  })

  it('streams', async () => {
    const client = createGrpcClient(identityV1.IdentitySnapshotServiceService, address, trust)
    const received: identityV1.WatchIdentityResponse[] = []
    for await (const response of client.watchIdentity({ epoch: '', sinceVersion: '0' })) {
      received.push(response as identityV1.WatchIdentityResponse)
    }
    expect(received).toMatchObject([{ epoch: 'e', version: '1', synced: true }])
    client.close()
  })

  it('refuses a caller without the secret, unary and streamed', async () => {
    const stranger = { internalSecret: 'x'.repeat(32) }
    const keys = createGrpcClient(identityV1.VirtualKeyServiceService, address, stranger)
    await expect(keys.resolveVirtualKey({ hash: Buffer.alloc(0) })).rejects.toMatchObject({
      code: status.UNAUTHENTICATED,
    })
    const snapshots = createGrpcClient(identityV1.IdentitySnapshotServiceService, address, stranger)
    const stream = snapshots.watchIdentity({ epoch: '', sinceVersion: '0' })
    const failure = new Promise((resolve) => stream.once('error', resolve))
    stream.resume()
    expect(await failure).toMatchObject({ code: status.UNAUTHENTICATED })
    keys.close()
    snapshots.close()
  })
})
