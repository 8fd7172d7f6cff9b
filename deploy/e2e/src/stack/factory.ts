import { randomBytes } from 'node:crypto'
import type { Management } from './management.js'

/** What every resource has. */
export interface Resource {
  id: string
  name: string
}

/** A virtual key with its value. */
export interface CreatedKey extends Resource {
  key: string
}

/** Prices with which a wrong count of any kind of token shows in the cost. */
export const testPrices = {
  input_per_million: '2.50',
  output_per_million: '10.01',
  cache_read_per_million: '0.313',
}

/** A name that nobody else has. */
export const unique = (what: string): string => `${what}-${randomBytes(5).toString('hex')}`

/** Makes resources through the public REST, each with a name of its own unless one is given. */
export class Factory {
  constructor(private readonly management: Management) {}

  createTeam(fields: Record<string, unknown> = {}): Promise<Resource> {
    return this.create('/v1/teams', 'team', fields)
  }

  createWorkspace(fields: Record<string, unknown> = {}): Promise<Resource> {
    return this.create('/v1/workspaces', 'workspace', fields)
  }

  /** May use all models unless `models` says otherwise. */
  createWorkload(fields: { workspace: string } & Record<string, unknown>): Promise<Resource> {
    return this.create('/v1/workloads', 'workload', { models: ['*'], ...fields })
  }

  /** `openai_compatible` with a credential unless the fields say otherwise. */
  createProvider(fields: Record<string, unknown>): Promise<Resource> {
    return this.create('/v1/providers', 'provider', {
      type: 'openai_compatible',
      api_key: unique('sk'),
      ...fields,
    })
  }

  createSandbox(fields: Record<string, unknown> = {}): Promise<Resource> {
    return this.create('/v1/providers', 'sandbox', { type: 'sandbox', ...fields })
  }

  /** With the test's prices, and `provider_model` equal to the name, unless the fields say otherwise. */
  createModel(fields: { provider: string } & Record<string, unknown>): Promise<Resource> {
    const name = (fields['name'] as string | undefined) ?? unique('model')
    const prices = fields['free'] === true ? {} : { prices: testPrices }
    return this.create('/v1/models', 'model', { name, provider_model: name, ...prices, ...fields })
  }

  createVirtualKey(fields: { workspace: string } & Record<string, unknown>): Promise<CreatedKey> {
    return this.create('/v1/keys', 'key', { type: 'llm', ...fields })
  }

  private create<T extends Resource>(
    path: string,
    what: string,
    fields: Record<string, unknown>,
  ): Promise<T> {
    return this.management.create<T>(path, { name: unique(what), ...fields })
  }
}
