import { createGrpcClient, type GrpcClient, type InternalTrust, policyV1 } from '@weir/contracts'

type Client = Pick<
  GrpcClient<typeof policyV1.EvaluationServiceService>,
  'evaluate' | 'evaluateMany' | 'close'
>

/** A content that is larger is asked about by a call of its own. */
const smallBytes = 32 * 1024

const maxBatch = 64
const deadlineMs = 2_000

/** While so many batches are new, contents are gathered for the next one; a slow one holds up nobody for longer. */
const maxNewBatches = 2
const newForMs = 5

interface Asked {
  request: policyV1.EvaluateRequest
  resolve: (response: policyV1.EvaluateResponse) => void
  reject: (error: unknown) => void
}

/** Asks the policy service. Contents that come together share a call: alone each would cost more than the rest of its request. */
export class Evaluations {
  private waiting: Asked[] = []
  private newBatches = 0
  private isScheduled = false

  constructor(private readonly client: Client) {}

  static connect(address: string, trust: InternalTrust): Evaluations {
    return new Evaluations(createGrpcClient(policyV1.EvaluationServiceService, address, trust))
  }

  /** Rejects when the service cannot be asked, or does not answer in time. */
  evaluate(request: policyV1.EvaluateRequest, bytes: number): Promise<policyV1.EvaluateResponse> {
    if (bytes > smallBytes) return this.client.evaluate(request)
    return new Promise((resolve, reject) => {
      this.waiting.push({ request, resolve, reject })
      this.schedule()
    })
  }

  close(): void {
    this.client.close()
  }

  /** After all that came in this turn of the event loop. */
  private schedule(): void {
    if (this.isScheduled || this.newBatches >= maxNewBatches || this.waiting.length === 0) return
    this.isScheduled = true
    setImmediate(() => {
      this.isScheduled = false
      this.send(this.waiting.splice(0, maxBatch))
      this.schedule()
    })
  }

  private send(batch: readonly Asked[]): void {
    const open = new Map(batch.entries())
    this.newBatches++
    let isNew = true
    const age = () => {
      if (!isNew) return
      isNew = false
      this.newBatches--
      this.schedule()
    }
    const stream = this.client.evaluateMany({ contents: batch.map(({ request }) => request) })
    const grown = setTimeout(age, newForMs)
    const late = setTimeout(() => stream.cancel(), deadlineMs)
    const end = (error: unknown) => {
      clearTimeout(grown)
      clearTimeout(late)
      age()
      for (const { reject } of open.values()) reject(error)
      open.clear()
    }
    stream.on('data', ({ verdicts }: policyV1.EvaluateManyResponse) => {
      for (const { index, response } of verdicts) {
        const asked = open.get(index)
        open.delete(index)
        if (response) asked?.resolve(response)
      }
    })
    stream.on('error', end).on('end', () => end(new Error('The policy service gave no verdict.')))
  }
}
