import { unsupported, type Document } from '../../conversation/dialect.js'

/** What a request asks of a provider that keeps conversations: the fields' names. */
export function stateOf(document: Document): string[] {
  const named = ['previous_response_id', 'conversation'].filter(
    (field) => document[field] !== undefined && document[field] !== null,
  )
  return document['background'] === true ? [...named, 'background'] : named
}

/** Refuses a request that needs a provider's memory, by the field's name. */
export function refuseState(document: Document, model: string): void {
  const [field] = stateOf(document)
  if (field !== undefined) throw unsupported(model, field)
}
