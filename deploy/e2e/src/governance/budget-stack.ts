import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startWeir, type Weir } from '@weir/local'
import { compileCache } from '../stack/compile-cache.js'
import { Management } from '../stack/management.js'
import { sumOfGateways } from '../stack/metrics.js'
import { RawUpstream, type ReceivedCall } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'
import { dollars, prices, type Status, whenBudgetsAreKnown, whenSettled } from './budget-bound.js'

const gateways = ['gateway-1', 'gateway-2', 'gateway-3']

/** A Weir of three gateways of its own, over a provider whose answers a test decides. */
export class BudgetStack {
  readonly management: Management
  readonly gateways = gateways
  private witness?: Scene

  private constructor(
    private readonly home: string,
    readonly weir: Weir,
    readonly upstream: RawUpstream,
  ) {
    this.management = new Management(weir.url, weir.masterKey)
  }

  static async start(): Promise<BudgetStack> {
    const home = mkdtempSync(join(tmpdir(), 'weir-budget-'))
    const env = {
      WEIR_FIRST_BYTE_TIMEOUT_MS: '3000',
      WEIR_IDLE_TIMEOUT_MS: '3000',
      NODE_COMPILE_CACHE: compileCache,
    }
    const [weir, upstream] = await Promise.all([
      startWeir({ home, port: 0, gateways: gateways.length, env, quiet: true }),
      RawUpstream.start(),
    ])
    return new BudgetStack(home, weir, upstream)
  }

  get url(): string {
    return this.weir.url
  }

  async stop(): Promise<void> {
    await this.weir.stop()
    await this.upstream.stop()
    rmSync(this.home, { recursive: true, force: true })
  }

  /** Makes a team with a key of its own, over one model whose answers a test decides. */
  async createScene(
    answer: (call: ReceivedCall) => void | Promise<void>,
    options: { model?: Record<string, unknown>; team?: Record<string, unknown> } = {},
  ): Promise<Scene> {
    const { baseUrl } = this.upstream
    const scene = await createScene(this, { baseUrl, model: { prices }, ...options })
    this.upstream.answer(scene.model.name, answer)
    return scene
  }

  /** Makes a monthly budget, hard unless the fields say otherwise. */
  createBudget(scope: Record<string, string>, amountNanoUsd: bigint, fields = {}): Promise<{ id: string }> {
    const budget = { scope, amount: dollars(amountNanoUsd), period: 'monthly', ...fields }
    return this.management.create('/v1/budgets', budget)
  }

  status(path: string): Promise<Status> {
    return this.management.get<Status>(`/v1/${path}/budget`)
  }

  /** Waits until the gateways know all budgets as they are now. */
  async whenKnown(): Promise<void> {
    this.witness ??= await createScene(this)
    await whenBudgetsAreKnown(this, this.witness)
  }

  settled(path: string): Promise<Status> {
    return whenSettled(this.management, path)
  }

  /** Sum of a metric of all gateways. */
  sumOf(metric: string): Promise<number> {
    return sumOfGateways({ ports: this.weir.ports, gateways }, metric)
  }
}
