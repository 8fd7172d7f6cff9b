import { createHash, createHmac } from 'node:crypto'
import type { AwsCredentials } from './credential.js'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** The headers of a GET without a query, signed for Bedrock by AWS Signature Version 4. */
export function signGet(
  url: string,
  region: string,
  { accessKeyId, secretAccessKey, sessionToken }: AwsCredentials,
  at = new Date(),
): Record<string, string> {
  const { host, pathname } = new URL(url)
  const time = at.toISOString().replace(/[:-]|\.\d{3}/g, '')
  const day = time.slice(0, 8)
  const signed: Record<string, string> = {
    host,
    'x-amz-date': time,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  }
  const names = Object.keys(signed).join(';')
  const lines = Object.entries(signed).map(([name, value]) => `${name}:${value}\n`)
  const request = ['GET', pathname, '', lines.join(''), names, sha256('')].join('\n')
  const scope = `${day}/${region}/bedrock/aws4_request`
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(request)].join('\n')
  const key = [region, 'bedrock', 'aws4_request'].reduce(hmac, hmac(`AWS4${secretAccessKey}`, day))
  const signature = hmac(key, text).toString('hex')
  return {
    ...signed,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  }
}
