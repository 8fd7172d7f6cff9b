import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const fileName = 'acknowledged'

/** The position in the log before which everything is published; 0 when nobody has noted one. */
export function readAcknowledged(folder: string): number {
  try {
    const text = readFileSync(join(folder, fileName), 'latin1')
    return /^\d{16}$/.test(text) ? Number(text) : 0
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
}

/** Notes that position: one write of one length in one place, so a killed process leaves the old one or the new one. */
export class AcknowledgedFile {
  private readonly file: number

  constructor(folder: string) {
    this.file = openSync(join(folder, fileName), constants.O_CREAT | constants.O_WRONLY, 0o600)
  }

  write(position: number): void {
    writeSync(this.file, String(position).padStart(16, '0'), 0, 'latin1')
  }

  close(): void {
    closeSync(this.file)
  }
}
