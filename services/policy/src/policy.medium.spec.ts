import { status } from '@grpc/grpc-js'
import { createGrpcClient, policyV1 } from '@weir/contracts'
import { waitFor } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningPolicy, trust } from './testing/running-policy.js'

describe('the policy service', () => {
  let policy: RunningPolicy
  let address: string

  beforeAll(async () => {
    policy = await RunningPolicy.start()
    address = policy.address
  })

  afterAll(() => policy.stop())

  it('streams no policies where there are none, and allows what it is asked for', async () => {
    const snapshots = createGrpcClient(policyV1.PolicySnapshotServiceService, address, trust)
    const stream = snapshots.watchPolicies({ epoch: '', sinceVersion: '0' })
    const batches: policyV1.WatchPoliciesResponse[] = []
    stream.on('data', (batch: policyV1.WatchPoliciesResponse) => batches.push(batch))
    await waitFor(() => batches.some(({ synced }) => synced))
    expect(batches[0]?.reset).toBe(true)
    expect(batches.flatMap(({ upserts }) => upserts)).toEqual([])
    stream.on('error', () => undefined).cancel()
    const evaluation = createGrpcClient(policyV1.EvaluationServiceService, address, trust)

    await expect(evaluation.evaluate(emptyRequest)).resolves.toMatchObject({ verdict: 'allow' })
    snapshots.close()
    evaluation.close()
  })

  it('refuses a caller without the internal secret', async () => {
    const stranger = createGrpcClient(policyV1.EvaluationServiceService, address, {
      internalSecret: 'q'.repeat(32),
    })
    await expect(stranger.evaluate(emptyRequest)).rejects.toMatchObject({ code: status.UNAUTHENTICATED })
    stranger.close()
  })
})

const emptyRequest = policyV1.EvaluateRequest.decode(new Uint8Array())
