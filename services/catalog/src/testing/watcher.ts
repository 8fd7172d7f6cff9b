import type { catalogV1 } from '@weir/contracts'
import { waitFor } from '@weir/testing'
import type { RunningCatalog } from './running-catalog.js'

/** A gateway as far as it keeps the catalog's state. */
export class Watcher {
  readonly batches: catalogV1.WatchCatalogResponse[] = []
  readonly providers = new Map<string, catalogV1.Provider>()
  readonly models = new Map<string, catalogV1.Model>()
  readonly deployments = new Map<string, catalogV1.Deployment>()
  readonly repositories = new Map<string, catalogV1.Repository>()
  failure: unknown
  private readonly stream: ReturnType<RunningCatalog['snapshots']['watchCatalog']>

  constructor(catalog: RunningCatalog) {
    this.stream = catalog.snapshots.watchCatalog({ epoch: '', sinceVersion: '0' })
    this.stream.on('data', (batch: catalogV1.WatchCatalogResponse) => this.apply(batch))
    this.stream.on('error', (error) => (this.failure = error))
  }

  private apply(batch: catalogV1.WatchCatalogResponse): void {
    this.batches.push(batch)
    for (const { provider, model, deployment, repository } of batch.upserts) {
      if (provider) this.providers.set(provider.id, provider)
      if (model) this.models.set(model.id, model)
      if (deployment) this.deployments.set(deployment.id, deployment)
      if (repository) this.repositories.set(repository.id, repository)
    }
    for (const { id } of batch.removals) {
      for (const known of [this.providers, this.models, this.deployments, this.repositories]) known.delete(id)
    }
  }

  synced(): Promise<boolean> {
    return waitFor(() => this.batches.some(({ synced }) => synced), { what: 'the whole state' })
  }

  stop(): void {
    this.stream.cancel()
  }
}
