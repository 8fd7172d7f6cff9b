import type { LoadPlan, LoadResult } from '../load/plan.js'
import { Child } from '../machine/child.js'
import type { UpstreamStats } from '../upstream/server.js'
import type { UpstreamCommand } from '../upstream.js'

/** The mock upstream and the load generator, each in its own process, on the core that is not measured. */
export class Rig {
  private constructor(
    readonly baseUrl: string,
    private readonly upstream: Child,
    private readonly load: Child,
  ) {}

  static async start(core: number | undefined): Promise<Rig> {
    const upstream = Child.start('upstream', { core })
    const load = Child.start('load', { core })
    const { baseUrl } = await upstream.read<{ baseUrl: string }>()
    return new Rig(baseUrl, upstream, load)
  }

  async run(plan: LoadPlan, paceMs = 0): Promise<LoadResult> {
    await this.ask({ paceMs })
    this.load.write(plan)
    return this.load.read<LoadResult>()
  }

  /** What the upstream has seen since the start. */
  stats(): Promise<UpstreamStats> {
    return this.ask({ stats: true })
  }

  async stop(): Promise<void> {
    await Promise.all([this.load.stop(), this.upstream.stop()])
  }

  private ask(command: UpstreamCommand): Promise<UpstreamStats> {
    this.upstream.write(command)
    return this.upstream.read<UpstreamStats>()
  }
}
