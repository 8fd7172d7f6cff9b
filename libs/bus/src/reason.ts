/** What went wrong, in words: connection errors to several addresses have no message of their own. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && !error.message) return error.errors.map(reasonOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}
