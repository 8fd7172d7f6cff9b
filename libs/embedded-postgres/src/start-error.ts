/** Why PostgreSQL could not start: one sentence for a person, which says what to do. Holds no secret. */
export class PostgresStartError extends Error {
  override readonly name = 'PostgresStartError'

  constructor(
    message: string,
    /** Whether the same call may succeed a moment later, with nothing changed by anyone. */
    readonly isTransient = false,
  ) {
    super(message)
  }
}

/** Turns a failed file operation into one sentence: a full disk and a closed folder are the usual two. */
export function fileError(error: unknown, path: string): PostgresStartError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(path)
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new PostgresStartError(
      `PostgreSQL cannot write to ${path} (${code}): give this user write access to it, or set another data folder.`,
    )
  }
  return new PostgresStartError(
    `PostgreSQL cannot use ${path}: ${error instanceof Error ? error.message : String(error)}.`,
  )
}

export function diskFull(path: string): PostgresStartError {
  return new PostgresStartError(
    `The disk that holds ${path} is full: free some space (at least 200 MB) and start again; nothing was removed.`,
  )
}
