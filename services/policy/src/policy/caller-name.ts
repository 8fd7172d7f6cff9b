import type { Caller } from '@weir/http'

/** Who did something, for people: an e-mail address, the id of a key, `master_key`. */
export const nameOf = ({ principal }: Caller): string =>
  principal?.kind === 'user' ? principal.name || principal.id : (principal?.id ?? '')
