import { upstreamKey, upstreamModel } from '../upstream/chat.js'
import type { Management } from './management.js'

/** What an application is given to call the gateway with, and where its calls are accounted for. */
export interface Grant {
  virtualKey: string
  model: string
  workload: string
  grantedAt: Date
}

/** The model's prices, in dollars per million tokens. */
export const inputPerMillion = '2.50'
export const outputPerMillion = '10'

/** Two limits and a budget, checked for every request and never reached. */
const limits = {
  ...{ rpm_limit: 1_000_000_000, tpm_limit: 1_000_000_000 },
  ...{ max_budget: '1000000', budget_duration: 'monthly' },
}

/** Three policies, by what their detectors find; nothing of it is in the bench's requests. */
const policies = {
  'No payment data': ['payment_card', 'iban'],
  'No contact data': ['email', 'phone'],
  'No secrets': ['secret'],
}

/** Sets up all that a governed call needs: provider, model with prices, team, workspace, workload and a key for them. */
export async function govern(
  management: Management,
  upstream: string,
  on: { limits: boolean; policies: boolean },
): Promise<Grant> {
  const model = 'bench-model'
  const workload = 'bench-workload'
  const grantedAt = new Date()
  const provider = await management.create<{ id: string }>('providers', {
    name: 'bench-provider',
    type: 'openai_compatible',
    base_url: upstream,
    api_key: upstreamKey,
  })
  await management.create('models', {
    name: model,
    provider: provider.id,
    provider_model: upstreamModel,
    prices: { input_per_million: inputPerMillion, output_per_million: outputPerMillion },
  })
  await management.create('teams', {
    ...{ name: 'bench-team', models: [model] },
    ...(on.limits && limits),
  })
  const workspace = await management.create<{ id: string }>('workspaces', {
    name: 'bench',
    environment: 'production',
  })
  await management.create('workloads', {
    name: 'Bench workload',
    id: workload,
    workspace: workspace.id,
    models: [model],
  })
  const { key } = await management.create<{ key: string }>('keys', {
    name: 'bench-key',
    workspace: workspace.id,
    workload,
    team: 'bench-team',
    type: 'llm',
    models: [model],
  })
  for (const [name, detectors] of Object.entries(on.policies ? policies : {})) {
    await management.create('policies', {
      ...{ name, scope: {}, text: name, detectors, action: 'block', mode: 'enforce', applies_to: 'input' },
    })
  }
  return { virtualKey: key, model, workload, grantedAt }
}
