import { policyV1 } from '@weir/contracts'
import { mkdirSync, readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'

/** The budgets on the gateway's disk: a gateway that starts while the policy service is down must know that it may not spend. */
export class BudgetFile {
  private readonly path: string
  private writing: Promise<void> | undefined
  private next: policyV1.WatchBudgetsResponse | undefined

  constructor(
    dataDir: string,
    private readonly onError: (error: unknown) => void,
  ) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    this.path = join(dataDir, 'budgets.bin')
  }

  /** Undefined when there is none. Throws when it is damaged. */
  read(): policyV1.WatchBudgetsResponse | undefined {
    try {
      return policyV1.WatchBudgetsResponse.decode(readFileSync(this.path))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Replaces the file soon, in one step; of several states only the last is written. */
  write(state: policyV1.WatchBudgetsResponse): void {
    this.next = state
    this.writing ??= this.writeAll().finally(() => (this.writing = undefined))
  }

  async close(): Promise<void> {
    await this.writing
  }

  private async writeAll(): Promise<void> {
    for (let state = this.next; state; state = this.next) {
      this.next = undefined
      try {
        const file = await open(`${this.path}.new`, 'w', 0o600)
        try {
          await file.writeFile(policyV1.WatchBudgetsResponse.encode(state).finish())
          await file.sync()
        } finally {
          await file.close()
        }
        await rename(`${this.path}.new`, this.path)
      } catch (error) {
        this.onError(error)
      }
    }
  }
}
