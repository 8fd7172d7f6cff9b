import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Weir } from '@weir/local'
import { pin } from '../machine/cores.js'
import { Accounting } from './accounting.js'
import { govern } from './govern.js'
import { Management } from './management.js'
import type { Site } from './simple.js'
import type { Target } from './target.js'

const settleBeforePinMs = 500

/**
 * The real thing: every service, PostgreSQL and the bus, started by the launcher as `npm start` does. All of it runs on
 * the core of this process, the gateway alone on the target's.
 */
export async function weirTarget({ upstream, core, nodeArgs, limits, policies }: Site): Promise<Target> {
  // Only when it is measured: the rest of the bench needs nothing of the project to be built.
  const { startWeir } = await import('@weir/local')
  const home = await mkdtemp(join(tmpdir(), 'weir-bench-'))
  const weir = await startWeir({
    home,
    port: 0,
    env: { NODE_ENV: 'production', ...nodeOptions(nodeArgs) },
    quiet: true,
  })
  const stop = async (): Promise<void> => {
    await weir.stop()
    await rm(home, { recursive: true, force: true })
  }
  try {
    const pid = gatewayPid(weir)
    await new Promise((resolve) => setTimeout(resolve, settleBeforePinMs))
    if (core !== undefined) {
      const failure = pin(pid, core)
      if (failure !== undefined) throw new Error(`The gateway cannot be moved to core ${core}: ${failure}`)
    }
    const management = new Management(weir.url, weir.masterKey)
    const grant = await govern(management, upstream, { limits, policies })
    const accounting = new Accounting(management, grant)
    return {
      name: 'weir',
      title: 'Weir gateway, everything on',
      url: `${weir.url}/v1/chat/completions`,
      messagesUrl: `${weir.url}/v1/messages`,
      headers: { authorization: `Bearer ${grant.virtualKey}` },
      model: grant.model,
      pid,
      settle: async (sent) => {
        const settlement = await accounting.settle(sent)
        if (gatewayPid(weir) !== pid) throw new Error('The gateway was restarted during the measurement.')
        return settlement
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Every service gets them, though they are meant for the gateway: a profiler that nobody starts costs nothing. */
function nodeOptions(nodeArgs: readonly string[]): Record<string, string> {
  if (nodeArgs.length === 0) return {}
  return { NODE_OPTIONS: [process.env['NODE_OPTIONS'] ?? '', ...nodeArgs].join(' ').trim() }
}

function gatewayPid({ processes }: Weir): number {
  const pid = [...processes].find(([name]) => name.startsWith('gateway'))?.[1].pid
  if (pid === undefined) throw new Error(`No gateway runs; there are ${[...processes.keys()].join(', ')}.`)
  return pid
}
