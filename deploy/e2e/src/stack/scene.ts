import { request } from 'node:http'
import { waitFor } from '@weir/testing'
import { type CreatedKey, Factory, type Resource } from './factory.js'
import type { SharedWeir } from './weir.js'

/** What of an instance a scene needs. */
type Host = Pick<SharedWeir, 'url' | 'management' | 'gateways'>

/** One application with all that stands behind it. */
export interface Scene {
  factory: Factory
  team: Resource
  workspace: Resource
  workload: Resource
  provider: Resource
  /** The only model unless more were made. */
  model: Resource
  virtualKey: CreatedKey
  /** The virtual key's value. */
  key: string
  /** Makes a further model of the provider and waits until it can be used. */
  addModel(fields?: Record<string, unknown>): Promise<Resource>
}

/** Makes an application that may use every model, over a provider at `baseUrl` or the sandbox, and waits until it is in force. */
export async function createScene(
  weir: Host,
  options: {
    /** The provider's; absent: a sandbox. */
    baseUrl?: string
    provider?: Record<string, unknown>
    model?: Record<string, unknown>
    team?: Record<string, unknown>
    virtualKey?: Record<string, unknown>
  } = {},
): Promise<Scene> {
  const factory = new Factory(weir.management)
  const [team, workspace, provider] = await Promise.all([
    factory.createTeam(options.team),
    factory.createWorkspace(),
    options.baseUrl === undefined
      ? factory.createSandbox(options.provider)
      : factory.createProvider({ base_url: options.baseUrl, ...options.provider }),
  ])
  const [workload, model] = await Promise.all([
    factory.createWorkload({ workspace: workspace.id }),
    factory.createModel({ provider: provider.id, ...options.model }),
  ])
  const virtualKey = await factory.createVirtualKey({
    ...{ workspace: workspace.id, workload: workload.id, team: team.id },
    ...options.virtualKey,
  })
  await inForce(weir, virtualKey.key, model.name)
  return {
    ...{ factory, team, workspace, workload, provider, model, virtualKey },
    key: virtualKey.key,
    addModel: async (fields = {}) => {
      const added = await factory.createModel({ provider: provider.id, ...fields })
      await inForce(weir, virtualKey.key, added.name)
      return added
    },
  }
}

/** Waits until every gateway lists a model for a key. */
export async function inForce(
  weir: Pick<SharedWeir, 'url' | 'gateways'>,
  key: string,
  model: string,
): Promise<void> {
  // The system chooses a gateway for each connection: after eight in a row both were asked, but once in 128 times.
  const wanted = weir.gateways.length === 1 ? 1 : 8
  await waitFor(
    async () => {
      for (let asked = 0; asked < wanted; asked += 1) {
        if (!(await listModels(weir.url, key)).includes(model)) return false
      }
      return true
    },
    { what: `model ${model} to be usable`, intervalMs: 10 },
  )
}

/** Names of the models that a key may use, asked over a connection of its own. */
export async function listModels(url: string, key: string): Promise<string[]> {
  const text = await new Promise<string>((resolve, reject) => {
    request(`${url}/v1/models`, { agent: false, headers: { authorization: `Bearer ${key}` } }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      response.on('end', () => resolve(body)).on('error', reject)
    })
      .on('error', reject)
      .end()
  })
  const { data = [] } = JSON.parse(text) as { data?: { id: string }[] }
  return data.map(({ id }) => id)
}
