import type { KnownModel } from '../snapshot/catalog-state.js'
import type { KnownDeployment } from '../snapshot/known-deployment.js'

/** What a key can write in `model`: a model, or the alias of a deployment. */
export type Listed = KnownModel | KnownDeployment

/** In whose shape models are told. */
interface ModelShape {
  /** Anthropic's, else OpenAI's. */
  isAnthropic: boolean
  /** Name of a model's provider. */
  ownerOf: (listed: Listed) => string
}

/** One model, as `GET /v1/models/{id}` shows it. */
export function toModelObject(listed: Listed, { isAnthropic, ownerOf }: ModelShape): object {
  const { name, created } = listed
  return isAnthropic
    ? { type: 'model', id: name, display_name: name, created_at: new Date(created * 1_000).toISOString() }
    : { id: name, object: 'model', created, owned_by: ownerOf(listed) }
}

/** All that a key may call, in one page. */
export function toModelList(listed: readonly Listed[], shape: ModelShape): object {
  const data = listed.map((one) => toModelObject(one, shape))
  if (!shape.isAnthropic) return { object: 'list', data }
  return { data, has_more: false, first_id: listed[0]?.name ?? null, last_id: listed.at(-1)?.name ?? null }
}
