import { AppError } from '@weir/errors'

/** How many users an error names; who asks for one more knows that there are more. */
export const namedUsers = 10

/** The error for deleting what others need. `users` are for people: "team `sales`". */
export function inUse(kind: string, id: string, users: string[]): AppError {
  const named = users.slice(0, namedUsers).join(', ')
  return AppError.of('in_use', { kind, id, users: users.length > namedUsers ? `${named} and others` : named })
}
