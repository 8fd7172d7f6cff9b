import type { KnownModel } from '../snapshot/catalog-state.js'

/** In whose shape models are told. */
interface ModelShape {
  /** Anthropic's, else OpenAI's. */
  isAnthropic: boolean
  /** Name of a model's provider. */
  ownerOf: (model: KnownModel) => string
}

/** One model, as `GET /v1/models/{id}` shows it. */
export function toModelObject(model: KnownModel, { isAnthropic, ownerOf }: ModelShape): object {
  const { name, created } = model
  return isAnthropic
    ? { type: 'model', id: name, display_name: name, created_at: new Date(created * 1_000).toISOString() }
    : { id: name, object: 'model', created, owned_by: ownerOf(model) }
}

/** The models that a key may use, all in one page. */
export function toModelList(models: readonly KnownModel[], shape: ModelShape): object {
  const data = models.map((model) => toModelObject(model, shape))
  if (!shape.isAnthropic) return { object: 'list', data }
  return { data, has_more: false, first_id: models[0]?.name ?? null, last_id: models.at(-1)?.name ?? null }
}
