/** Fields of a provider of each type, over a mock that speaks every vendor's API; undefined: none is needed. */
export const providers: Record<string, (mockUrl: string) => Record<string, unknown> | undefined> = {
  sandbox: () => undefined,
  openai: (url) => ({ type: 'openai', base_url: `${url}/v1` }),
  openai_compatible: (url) => ({ type: 'openai_compatible', base_url: `${url}/v1` }),
  azure_openai: (url) => ({ type: 'azure_openai', base_url: url, api_version: '2024-10-21' }),
  anthropic: (url) => ({ type: 'anthropic', base_url: `${url}/v1` }),
  gemini: (url) => ({ type: 'gemini', base_url: `${url}/v1beta` }),
  bedrock: (url) => ({
    ...{ type: 'bedrock', base_url: url, region: 'us-east-1' },
    api_key: JSON.stringify({ access_key_id: 'AKIDEXAMPLE', secret_access_key: 'secret-of-nobody' }),
  }),
}
