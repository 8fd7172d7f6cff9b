import { Child } from '../machine/child.js'
import { upstreamKey, upstreamModel } from '../upstream/chat.js'
import type { Target } from './target.js'

/** What all targets are started with. */
export interface Site {
  /** The mock upstream's base URL, up to and with /v1. */
  upstream: string
  /** The core that the target alone gets; undefined when nothing is pinned. */
  core: number | undefined
  /** For the measured process alone. */
  nodeArgs: string[]
  /** Whether the gateway has limits and a budget to keep. */
  limits: boolean
  /** Whether policies judge every request. */
  policies: boolean
}

const nothingToSettle = (): Promise<{ drainSeconds: number }> => Promise.resolve({ drainSeconds: 0 })

/** The mock upstream, without anything between. */
export const directTarget = ({ upstream }: Site): Target => ({
  name: 'direct',
  title: 'direct to the upstream',
  url: `${upstream}/chat/completions`,
  headers: { authorization: `Bearer ${upstreamKey}` },
  model: upstreamModel,
  pid: undefined,
  settle: nothingToSettle,
  stop: () => Promise.resolve(),
})

/** A bare Node proxy; it is given a client's key and model like the gateway, and swaps them without looking. */
export async function bareTarget(
  name: 'bare' | 'dispatch',
  { upstream, core, nodeArgs }: Site,
): Promise<Target> {
  const child = Child.start('bare-proxy', {
    core,
    nodeArgs,
    args: name === 'dispatch' ? ['--dispatch'] : [],
    env: { BENCH_UPSTREAM: upstream, BENCH_UPSTREAM_KEY: upstreamKey, BENCH_UPSTREAM_MODEL: upstreamModel },
  })
  const { url } = await child.read<{ url: string }>()
  return {
    name,
    title: name === 'bare' ? 'bare proxy, undici request' : 'bare proxy, undici dispatch',
    url: `${url}/v1/chat/completions`,
    headers: { authorization: 'Bearer vk_bench_0000000000000000000000000000000000' },
    model: 'bench-model',
    pid: child.pid,
    settle: nothingToSettle,
    stop: () => child.stop(),
  }
}
