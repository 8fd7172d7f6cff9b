/** A reply of the REST. */
export interface Reply {
  status: number
  headers: Headers
  /** Parsed JSON; undefined when there was none. */
  body: unknown
  text: string
}

/** A page of a list. */
export interface Page<Row> {
  object: 'list'
  data: Row[]
  has_more: boolean
  next_cursor: string | null
}

/** The public REST with the master key. */
export class Management {
  constructor(
    readonly url: string,
    private readonly masterKey: string,
  ) {}

  /** Sends a request, whatever comes of it. */
  async send(method: string, path: string, body?: unknown): Promise<Reply> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.masterKey}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== '' ? (JSON.parse(text) as unknown) : undefined,
      text,
    }
  }

  /** @throws Error with the whole reply when it is not a success */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const reply = await this.send(method, path, body)
    if (reply.status >= 300)
      throw new Error(`${method} ${path} was answered with ${reply.status}: ${reply.text}`)
    return reply.body as T
  }

  get<T>(path: string): Promise<T> {
    return this.call('GET', path)
  }

  create<T>(path: string, fields: unknown): Promise<T> {
    return this.call('POST', path, fields)
  }

  update<T>(path: string, fields: unknown): Promise<T> {
    return this.call('PATCH', path, fields)
  }

  async delete(path: string): Promise<void> {
    await this.call('DELETE', path)
  }

  /** All rows of a list, page by page. */
  async list<Row>(path: string, query: Record<string, string> = {}): Promise<Row[]> {
    const rows: Row[] = []
    let cursor: string | null = null
    do {
      const parameters: URLSearchParams = new URLSearchParams({
        limit: '1000',
        ...query,
        ...(cursor && { cursor }),
      })
      const page: Page<Row> = await this.get(`${path}?${parameters.toString()}`)
      rows.push(...page.data)
      cursor = page.next_cursor
    } while (cursor !== null)
    return rows
  }
}
