import pg from 'pg'

/**
 * One connection that hears of commits at once. While it is away nothing is heard: whoever depends
 * on it polls besides.
 */
export class ChangeListener {
  private client: pg.Client | undefined
  private closed = false

  constructor(
    private readonly options: { url: string | undefined; channel: string },
    private readonly onChange: () => void,
  ) {}

  /** Connects unless connected. Rejects when the database is away. */
  async listen(): Promise<void> {
    if (this.client || this.closed) return
    const client = new pg.Client({
      connectionString: this.options.url,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      application_name: `weir ${this.options.channel}`,
    })
    const gone = () => {
      if (this.client === client) this.client = undefined
    }
    client.on('error', gone).on('end', gone).on('notification', this.onChange)
    try {
      await client.connect()
      await client.query(`LISTEN ${pg.escapeIdentifier(this.options.channel)}`)
    } catch (error) {
      void client.end().catch(() => undefined)
      throw error
    }
    this.client = client
    if (this.closed) await this.close()
  }

  async close(): Promise<void> {
    this.closed = true
    const { client } = this
    this.client = undefined
    await client?.end().catch(() => undefined)
  }
}
