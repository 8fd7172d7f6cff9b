import { LaunchError } from './launch-error.js'

/** The public REST with the master key. */
export class Management {
  constructor(
    private readonly url: string,
    private readonly masterKey: string,
  ) {}

  async get<T>(path: string): Promise<T> {
    const { status, body } = await this.call('GET', path)
    if (status !== 200) throw refused(`GET ${path}`, status, body)
    return body as T
  }

  /** Creates the resource unless one of that name is there; undefined when it was. */
  async ensure(path: string, fields: { name: string }): Promise<unknown> {
    const found = await this.call('GET', `${path}/${encodeURIComponent(fields.name)}`)
    if (found.status === 200) return undefined
    return this.create(path, fields)
  }

  /** Creates the resource; undefined when the name is taken. */
  async create(path: string, fields: { name: string }): Promise<unknown> {
    const { status, body } = await this.call('POST', path, fields)
    if (status === 409) return undefined
    if (status !== 201) throw refused(`POST ${path} (${fields.name})`, status, body)
    return body
  }

  private async call(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ status: number; body: unknown }> {
    try {
      const response = await fetch(`${this.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${this.masterKey}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(15_000),
      })
      const text = await response.text()
      return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) }
    } catch (error) {
      throw new LaunchError(
        `${method} ${this.url}${path} failed: ${error instanceof Error ? error.message : String(error)}.`,
      )
    }
  }
}

function refused(what: string, status: number, body: unknown): LaunchError {
  const { error } = (body ?? {}) as { error?: { message?: string; code?: string } }
  return new LaunchError(
    `${what} was answered with ${status} ${error?.code ?? ''}: ${error?.message ?? 'no message'}`,
  )
}
