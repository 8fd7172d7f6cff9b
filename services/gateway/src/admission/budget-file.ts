import { policyV1 } from '@weir/contracts'
import { KeptFile } from '../kept-file.js'

/** The budgets on the gateway's disk: a gateway that starts while the policy service is down must know that it may not spend. */
export class BudgetFile {
  private readonly file: KeptFile
  private writing: Promise<void> | undefined
  private next: policyV1.WatchBudgetsResponse | undefined

  constructor(
    dataDir: string,
    private readonly onError: (error: unknown) => void,
  ) {
    this.file = new KeptFile(dataDir, 'budgets.bin')
  }

  /** Undefined when there is none. Throws when it is damaged. */
  read(): policyV1.WatchBudgetsResponse | undefined {
    const content = this.file.read()
    return content && policyV1.WatchBudgetsResponse.decode(content)
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
        await this.file.write(policyV1.WatchBudgetsResponse.encode(state).finish())
      } catch (error) {
        this.onError(error)
      }
    }
  }
}
