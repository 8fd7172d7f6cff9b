import { randomBytes } from 'node:crypto'
import { LaunchError } from './launch-error.js'
import type { Management } from './management.js'

export const DEMO_TEAM = 'demo'
export const DEMO_MODEL = 'sandbox-small'

/** Everything that the first request needs, made once through the public REST; nothing that is there is changed. */
export async function ensureDemo(management: Management): Promise<void> {
  await Promise.all([
    management.ensure('/v1/teams', { name: DEMO_TEAM }),
    management.ensure('/v1/workspaces', { name: 'demo' }),
    management.ensure('/v1/providers', named({ name: 'sandbox', type: 'sandbox' })),
  ])
  await management.ensure(
    '/v1/models',
    named({
      name: DEMO_MODEL,
      provider: 'sandbox',
      provider_model: DEMO_MODEL,
      prices: { input_per_million: '0.50', output_per_million: '1.50' },
    }),
  )
  await management.ensure('/v1/workloads', named({ name: 'demo', workspace: 'demo', models: [DEMO_MODEL] }))
}

/** A virtual key for the demo. Its value is shown only now, so it must be kept. */
export async function createDemoKey(management: Management): Promise<string> {
  const fields = { workspace: 'demo', workload: 'demo', team: DEMO_TEAM, type: 'llm' }
  const created =
    (await management.create('/v1/keys', named({ name: 'demo', ...fields }))) ??
    // The value of the one of that name is lost.
    (await management.create(
      '/v1/keys',
      named({ name: `demo-${randomBytes(3).toString('hex')}`, ...fields }),
    ))
  const { key } = (created ?? {}) as { key?: unknown }
  if (typeof key !== 'string')
    throw new LaunchError('The demo key could not be made: its name is taken twice.')
  return key
}

const named = <T extends { name: string }>(fields: T): T => fields
