import { appendFileSync } from 'node:fs'
import { join } from 'node:path'

/** A line that nobody can read is kept, to be looked into, and holds up nothing behind it. */
export function setAside(folder: string, line: Buffer): void {
  appendFileSync(join(folder, 'unreadable'), Buffer.concat([line, Buffer.from('\n')]), { mode: 0o600 })
}
