import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import Provider from 'oidc-provider'

/** What the issuer tells of somebody. */
export type Person = Record<string, unknown>

/** A real OpenID provider, in this process. */
export class OpenidIssuer {
  /** By subject. */
  readonly people = new Map<string, Person>()
  readonly clientId = 'weir'
  readonly clientSecret = 'client-secret-of-the-test-0123456789'
  /** How often its keys were fetched. */
  keyFetches = 0
  /** Answers nobody. */
  isAway = false

  private constructor(
    readonly url: string,
    private readonly server: ReturnType<typeof createServer>,
    private readonly keys: { privateKey: CryptoKey; jwk: JWK }[],
  ) {}

  static async start(redirectUrl: string): Promise<OpenidIssuer> {
    const keys = [await newKey('first')]
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const issuer = new OpenidIssuer(url, server, keys)
    const provider = new Provider(url, {
      clients: [
        {
          client_id: issuer.clientId,
          client_secret: issuer.clientSecret,
          redirect_uris: [redirectUrl],
          response_types: ['code'],
          grant_types: ['authorization_code'],
        },
      ],
      jwks: { keys: keys.map(({ jwk }) => jwk) },
      cookies: { keys: ['cookie-key-of-the-test'] },
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
      findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...issuer.people.get(sub) }) }),
    })
    const answer = provider.callback()
    server.on('request', (request, response) => {
      if (issuer.isAway) return void response.writeHead(503).end()
      if (request.url !== '/jwks') return void answer(request, response)
      issuer.keyFetches++
      response.end(JSON.stringify({ keys: keys.slice(-1).map(({ jwk }) => toPublic(jwk)) }))
    })
    return issuer
  }

  /** Signs with another key from now on, and knows no other; only JWTs, no sign-ins. */
  async rotate(kid: string): Promise<void> {
    this.keys.push(await newKey(kid))
  }

  /** A JWT, good unless something else is said. */
  sign(
    claims: Person,
    options: { key?: CryptoKey | Uint8Array; header?: object; expiresAtS?: number } = {},
  ): Promise<string> {
    const nowS = Math.floor(Date.now() / 1000)
    return new SignJWT({
      iss: this.url,
      aud: this.clientId,
      iat: nowS,
      exp: options.expiresAtS ?? nowS + 60,
      ...claims,
    })
      .setProtectedHeader({ alg: 'RS256', kid: this.keys.at(-1)?.jwk.kid ?? '', ...options.header })
      .sign(options.key ?? this.keys.at(-1)?.privateKey ?? new Uint8Array())
  }

  /** What somebody does in the browser: signs in as `sub` and agrees. Gives the address that it is sent back to. */
  async visit(url: string, sub: string): Promise<string> {
    const cookies = new Map<string, string>()
    let next = { url, body: undefined as URLSearchParams | undefined }
    for (let step = 0; step < 12; step++) {
      const response = await fetch(next.url, {
        redirect: 'manual',
        method: next.body ? 'POST' : 'GET',
        headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
        ...(next.body && { body: next.body }),
      })
      for (const cookie of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
        cookies.set(name, value)
      }
      const location = response.headers.get('location')
      if (location !== null) {
        const target = new URL(location, next.url)
        if (target.origin !== this.url) return target.href
        next = { url: target.href, body: undefined }
        continue
      }
      const page = await response.text()
      const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1]
      if (!prompt) throw new Error(`The provider answered ${response.status}: ${page.slice(0, 500)}`)
      next = { url: next.url, body: new URLSearchParams({ prompt, login: sub, password: 'any' }) }
    }
    throw new Error('The provider sends the browser around in circles.')
  }

  stop(): void {
    this.server.close()
    this.server.closeAllConnections()
  }
}

const toPublic = ({ kty, n, e, kid, alg, use }: JWK) => ({ kty, n, e, kid, alg, use })

/** A key of an issuer. */
export async function newKey(kid: string): Promise<{ privateKey: CryptoKey; jwk: JWK }> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { privateKey, jwk: { ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' } }
}
