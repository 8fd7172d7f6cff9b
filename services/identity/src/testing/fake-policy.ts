import { Server } from '@grpc/grpc-js'
import { policyV1, serverCredentials } from '@weir/contracts'

/** Policy as far as identity asks it. */
export interface FakePolicy {
  address: string
  budgets: policyV1.BudgetStatus[]
  asked: policyV1.ReadBudgetsRequest[]
  stop(): void
}

/** Answers BudgetService on a free port. */
export async function startFakePolicy(internalSecret: string): Promise<FakePolicy> {
  const fake = { budgets: [] as policyV1.BudgetStatus[], asked: [] as policyV1.ReadBudgetsRequest[] }
  const server = new Server()
  server.addService(policyV1.BudgetServiceService, {
    readBudgets: (
      { request }: { request: policyV1.ReadBudgetsRequest },
      reply: (error: null, response: policyV1.ReadBudgetsResponse) => void,
    ) => {
      fake.asked.push(request)
      reply(null, { budgets: fake.budgets })
    },
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', serverCredentials({ internalSecret }), (error, port) =>
      error ? reject(error) : resolve(port),
    )
  })
  return Object.assign(fake, { address: `127.0.0.1:${port}`, stop: () => server.forceShutdown() })
}
