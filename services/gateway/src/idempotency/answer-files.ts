import type { Logger } from '@weir/observability'
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where the answers lie in the gateway's data folder. */
export const answersFolder = 'idempotency'

/** A file takes a block of the disk, however short it is. */
const blockBytes = 4_096

interface KeptFile {
  bytes: number
  writtenAtMs: number
}

/**
 * Files of a day, one an answer, up to a number of bytes: a restart of the gateway finds them again.
 * The eldest goes first. They are read and written beside the event loop.
 */
export class AnswerFiles {
  private readonly folder: string
  /** In the order in which they were written. */
  private readonly files = new Map<string, KeptFile>()
  private usedBytes = 0

  constructor(
    dataDir: string,
    private readonly options: { maxBytes: number; ttlMs: number },
    private readonly logger: Logger,
  ) {
    this.folder = join(dataDir, answersFolder)
    mkdirSync(this.folder, { recursive: true, mode: 0o700 })
    this.findThose(readdirSync(this.folder))
  }

  get bytes(): number {
    return this.usedBytes
  }

  /** Undefined: there is none, or it is older than a day. */
  async read(name: string): Promise<Buffer | undefined> {
    const file = this.files.get(name)
    if (!file || file.writtenAtMs + this.options.ttlMs <= Date.now()) return undefined
    try {
      return await readFile(join(this.folder, name))
    } catch {
      return undefined
    }
  }

  /** Resolves when the file is there, or cannot be. */
  async write(name: string, content: Buffer): Promise<void> {
    const path = join(this.folder, name)
    try {
      await writeFile(`${path}.new`, content, { mode: 0o600 })
      await rename(`${path}.new`, path)
      this.note(name, content.length, Date.now())
      await Promise.all(this.takeSurplus().map((surplus) => rm(join(this.folder, surplus), { force: true })))
    } catch (error) {
      this.logger.error(
        { err: error },
        'An answer cannot be kept for its Idempotency-Key. Check the disk of WEIR_DATA_DIR.',
      )
    }
  }

  private findThose(names: string[]): void {
    const found: { name: string; bytes: number; writtenAtMs: number }[] = []
    for (const name of names) {
      const path = join(this.folder, name)
      // What a killed process had only begun to write.
      if (!/^[0-9a-f]{64}$/.test(name)) rmSync(path, { force: true })
      else found.push({ name, bytes: statSync(path).size, writtenAtMs: statSync(path).mtimeMs })
    }
    found.sort((left, right) => left.writtenAtMs - right.writtenAtMs)
    for (const { name, bytes, writtenAtMs } of found) this.note(name, bytes, writtenAtMs)
    for (const name of this.takeSurplus()) rmSync(join(this.folder, name), { force: true })
  }

  private note(name: string, length: number, writtenAtMs: number): void {
    this.forget(name)
    const bytes = Math.ceil(length / blockBytes) * blockBytes
    this.files.set(name, { bytes, writtenAtMs })
    this.usedBytes += bytes
  }

  /** Forgets what is too old or too much; returns the names. */
  private takeSurplus(): string[] {
    const oldestMs = Date.now() - this.options.ttlMs
    const surplus: string[] = []
    for (const [name, { writtenAtMs }] of this.files) {
      if (writtenAtMs > oldestMs && this.usedBytes <= this.options.maxBytes) break
      this.forget(name)
      surplus.push(name)
    }
    return surplus
  }

  private forget(name: string): void {
    const file = this.files.get(name)
    if (!file) return
    this.files.delete(name)
    this.usedBytes -= file.bytes
  }
}
