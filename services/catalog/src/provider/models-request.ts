import { type AwsCredential, signCall } from '@weir/aws-signature'
import { azureV1, type ProviderType } from './provider-type.js'

/** A provider as far as it takes to call it. */
export interface CallableProvider {
  type: ProviderType
  baseUrl: string
  apiVersion: string
  region: string
  /** A single key, AWS credentials, or none. */
  credential: string | AwsCredential | undefined
}

/** The request that lists a vendor's models: it costs nothing, and needs the credential. */
export interface ModelsRequest {
  url: string
  headers: Record<string, string>
}

export function toModelsRequest(provider: CallableProvider): ModelsRequest {
  const { type, baseUrl, apiVersion, credential } = provider
  const key = typeof credential === 'string' ? credential : undefined
  const bearer: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` }
  switch (type) {
    case 'anthropic': {
      const headers = { 'anthropic-version': apiVersion, ...(key !== undefined && { 'x-api-key': key }) }
      return { url: `${baseUrl}/models?limit=1000`, headers }
    }
    case 'gemini': {
      return {
        url: `${baseUrl}/models?pageSize=1000`,
        headers: key === undefined ? {} : { 'x-goog-api-key': key },
      }
    }
    case 'azure_openai': {
      const path =
        apiVersion === azureV1
          ? '/openai/v1/models'
          : `/openai/models?api-version=${encodeURIComponent(apiVersion)}`
      return { url: baseUrl + path, headers: key === undefined ? {} : { 'api-key': key } }
    }
    case 'bedrock': {
      const url = `${toControlPlane(provider)}/foundation-models`
      if (typeof credential !== 'object') return { url, headers: bearer }
      const { host, pathname: path } = new URL(url)
      const call = { method: 'GET', host, path, headers: {}, body: '' }
      return { url, headers: signCall(call, { credential, region: provider.region, service: 'bedrock' }) }
    }
    default:
      return { url: `${baseUrl}/models`, headers: bearer }
  }
}

/** Models are listed by another host than the one that runs them; elsewhere than at AWS by the same. */
function toControlPlane({ baseUrl, region }: CallableProvider): string {
  const isAws = baseUrl === `https://bedrock-runtime.${region}.amazonaws.com`
  return isAws ? `https://bedrock.${region}.amazonaws.com` : baseUrl
}

/** Regional inference profiles stand before the model's own id. */
const profile = /^(us|us-gov|eu|apac|jp|au|ca|global)\./

/** A model's id as a list of models has it; undefined: lists of this type do not have such a model. */
export function toListedId(type: ProviderType, providerModel: string): string | undefined {
  // Azure lists what it could deploy, and is called by the names of what was deployed.
  if (type === 'azure_openai' || providerModel.startsWith('arn:')) return undefined
  return type === 'bedrock' ? providerModel.replace(profile, '') : providerModel
}

/** The ids of a list of models as vendors write it; undefined: it is no such list. */
export function readModelIds(body: unknown): string[] | undefined {
  const { data, models, modelSummaries } = isObject(body) ? body : {}
  const rows = [data, models, modelSummaries].find((list) => Array.isArray(list))
  return rows?.flatMap((row: unknown) => {
    const { id, modelId, name } = isObject(row) ? row : {}
    const found = [id, modelId, name].find((value) => typeof value === 'string')
    return typeof found === 'string' ? [found.replace(/^models\//, '')] : []
  })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
