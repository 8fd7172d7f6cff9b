import type { Logger } from '@weir/observability'
import { mkdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { GatewayCountMemory } from './rate-leases.js'

/** How many gateways there were last, in a file: one that starts while the policy service is away takes no more than its share. */
export class GatewayCountFile implements GatewayCountMemory {
  private readonly path: string
  private writing: Promise<void> = Promise.resolve()

  constructor(
    dataDir: string,
    private readonly logger: Logger,
  ) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    this.path = join(dataDir, 'gateway-count')
  }

  /** Undefined when there is none, or none that can be read. */
  read(): number | undefined {
    try {
      const count = Number(readFileSync(this.path, 'utf8'))
      return Number.isSafeInteger(count) && count > 0 ? count : undefined
    } catch {
      return undefined
    }
  }

  write(count: number): void {
    this.writing = this.writing
      .then(() => writeFile(this.path, String(count), { mode: 0o600 }))
      .catch((error: unknown) =>
        this.logger.warn(
          { err: error },
          'The number of gateways cannot be kept. Check the disk of WEIR_DATA_DIR.',
        ),
      )
  }
}
