import { inject } from 'vitest'
import type { WeirDescription } from './global-setup.js'
import { Management } from './management.js'

/** The run's shared Weir, as a spec file sees it. */
export interface SharedWeir extends WeirDescription {
  management: Management
  /** Names of the gateways' processes. */
  gateways: string[]
  /** Ends a service gracefully until `startProcess`; PostgreSQL is `postgres`. */
  stopProcess(name: string): Promise<void>
  startProcess(name: string): Promise<void>
  /** Process ids now, by name. */
  pids: Record<string, number | undefined>
}

/**
 * The shared Weir; the first caller of a run waits for its start.
 *
 * @throws Error with the launcher's sentence when it does not start
 */
export async function useWeir(): Promise<SharedWeir> {
  const description = await ask('GET', '')
  const act = async (name: string, action: string): Promise<void> => {
    await ask('POST', `/processes/${name}/${action}`)
  }
  return {
    ...description,
    management: new Management(description.url, description.masterKey),
    gateways: Object.keys(description.pids).filter((name) => name.startsWith('gateway-')),
    stopProcess: (name) => act(name, 'stop'),
    startProcess: (name) => act(name, 'start'),
  }
}

async function ask(method: string, path: string): Promise<WeirDescription> {
  const response = await fetch(`${inject('weirControlUrl')}${path}`, { method })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as WeirDescription
}
