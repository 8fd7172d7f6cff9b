/** A row of /v1/usage or /v1/costs, as far as the bench reads it. */
export interface UsageRow {
  workload?: string
  requests: number
  attempts: number
  input_tokens: number
  output_tokens: number
  cost_usd: string
}

const timeoutMs = 10_000

/** The management API with the master key. */
export class Management {
  constructor(
    readonly url: string,
    private readonly masterKey: string,
  ) {}

  /** @throws with the server's own words when it refuses */
  async create<T>(resource: string, fields: Record<string, unknown>): Promise<T> {
    const response = await this.call(`/v1/${resource}`, { method: 'POST', body: JSON.stringify(fields) })
    return (await response.json()) as T
  }

  /** All rows since `start`, summed by workload, of one workload. */
  async usage(resource: 'usage' | 'costs', workload: string, start: Date): Promise<UsageRow[]> {
    const rows: UsageRow[] = []
    let cursor: string | undefined
    do {
      const query = new URLSearchParams({
        // The interval's start, so that rollups of whole hours are found as well.
        start: new Date(Math.floor(start.getTime() / 3_600_000) * 3_600_000).toISOString(),
        end: new Date(Date.now() + 3_600_000).toISOString(),
        interval: 'hour',
        group_by: 'workload',
        ...(cursor === undefined ? {} : { cursor }),
      })
      const response = await this.call(`/v1/${resource}?${query.toString()}`, { method: 'GET' })
      const page = (await response.json()) as {
        data: UsageRow[]
        has_more: boolean
        next_cursor?: string | null
      }
      rows.push(...page.data.filter((row) => row.workload === workload))
      cursor = page.has_more ? (page.next_cursor ?? undefined) : undefined
    } while (cursor !== undefined)
    return rows
  }

  private async call(path: string, { method, body }: { method: string; body?: string }): Promise<Response> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.masterKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (!response.ok)
      throw new Error(`${method} ${path} was refused: ${response.status} ${await response.text()}`)
    return response
  }
}
