import { createHash, createHmac } from 'node:crypto'

/** An access key of AWS. */
export interface AwsCredential {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of a session. */
  readonly sessionToken?: string | undefined
}

/** A call that is to be signed. */
export interface UnsignedCall {
  method: string
  /** With the port where it is not the scheme's own. */
  host: string
  /** Path and query as they go on the wire: encoded once. */
  path: string
  /** Headers that the signature covers, by their names in lower case. */
  headers: Readonly<Record<string, string>>
  body: string | Buffer
}

interface SigningOptions {
  credential: AwsCredential
  region: string
  /** bedrock, … */
  service: string
  at?: Date
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/**
 * The headers that sign a call by AWS Signature Version 4: to be sent with those that were given. In
 * one turn, with the key of the day kept, for each call to Bedrock is signed.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function signCall(call: UnsignedCall, options: SigningOptions): Record<string, string> {
  const { credential, region, service, at = new Date() } = options
  const time = at.toISOString().replace(/[:-]|\.\d{3}/g, '')
  const added = {
    'x-amz-date': time,
    ...(credential.sessionToken !== undefined && { 'x-amz-security-token': credential.sessionToken }),
  }
  const covered = Object.entries({ ...call.headers, host: call.host, ...added }).sort(byName)
  const names = covered.map(([name]) => name).join(';')
  const [path = '/', query = ''] = call.path.split('?', 2)
  const request = [
    call.method,
    // Every service but S3 has the path that is sent encoded once more.
    path.split('/').map(encode).join('/') || '/',
    canonicalQuery(query),
    ...covered.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, ' ')}`),
    '',
    names,
    sha256(call.body),
  ].join('\n')
  const day = time.slice(0, 8)
  const scope = `${day}/${region}/${service}/aws4_request`
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(request)].join('\n')
  const signature = hmac(keyOf(credential, day, region, service), text).toString('hex')
  return {
    ...added,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  }
}

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]): number =>
  a < b ? -1 : a > b ? 1 : 0

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

function canonicalQuery(query: string): string {
  if (query === '') return ''
  return query
    .split('&')
    .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
    .sort()
    .join('&')
}

/** The last key that was made of each credential: it holds for a day. */
const keys = new WeakMap<AwsCredential, { scope: string; key: Buffer }>()

function keyOf(credential: AwsCredential, day: string, region: string, service: string): Buffer {
  const scope = `${day}/${region}/${service}`
  const known = keys.get(credential)
  if (known?.scope === scope) return known.key
  const key = [region, service, 'aws4_request'].reduce<Buffer>(
    hmac,
    hmac(`AWS4${credential.secretAccessKey}`, day),
  )
  keys.set(credential, { scope, key })
  return key
}
