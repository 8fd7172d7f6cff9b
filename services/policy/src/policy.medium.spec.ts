import { status } from '@grpc/grpc-js'
import { createGrpcClient, policyV1 } from '@weir/contracts'
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

  it('says that there are no policies, and allows what it is asked for', async () => {
    const snapshots = createGrpcClient(policyV1.PolicySnapshotServiceService, address, trust)
    const stream = snapshots.watchPolicies({ epoch: '', sinceVersion: '0' })
    const first = await new Promise((resolve) => stream.once('data', resolve))
    expect(first).toEqual({ epoch: 'no-policies', version: '1', scopes: [] })
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

const emptyRequest: policyV1.EvaluateRequest = {
  organization: '',
  workspace: '',
  workload: '',
  model: '',
  requestId: '',
  direction: 'input',
  contentJson: '{}',
}
