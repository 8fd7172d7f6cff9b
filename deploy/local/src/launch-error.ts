/** Why Weir cannot start or go on: one sentence for a person, which says what to do. Holds no secret. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError'
}

/** Turns a failed file operation into one sentence: a full disk and a closed folder are the usual two. */
export function fileError(error: unknown, path: string): LaunchError {
  if (error instanceof LaunchError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new LaunchError(
      `The disk that holds ${path} is full: free some space (at least 200 MB) and start again; nothing was removed.`,
    )
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new LaunchError(
      `Weir cannot write to ${path} (${code}): give this user write access to it, or set WEIR_HOME to another folder.`,
    )
  }
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return new LaunchError(
      `${path} is not a folder: set WEIR_HOME to a folder, or to one that is yet to be made.`,
    )
  }
  return new LaunchError(
    `Weir cannot use ${path}: ${error instanceof Error ? error.message : String(error)}.`,
  )
}
