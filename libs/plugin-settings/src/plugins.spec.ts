import { describe, expect, it } from 'vitest'
import {
  availablePlugins,
  findSettingsMistakes,
  sealSecrets,
  withoutSecrets,
  type PluginName,
  type PluginSettings,
} from './index.js'

const right: { [Name in PluginName]: PluginSettings[Name][] } = {
  system_prompt: [{ text: 'Be brief.\n\tAlways.' }],
  parameter_clamp: [{ parameters: { temperature: { max: 1 }, n: { min: 1, max: 1 } } }],
  header_injection: [{ headers: { 'x-trace': 'on', 'OpenAI-Project': 'p' } }],
  pii_masking: [
    { detectors: ['email'] },
    { detectors: ['iban', 'phone'], applies_to: 'output' },
    { detectors: ['email'], restore: true },
  ],
  webhook: [
    {
      ...{ url: 'https://hook.example/x', timeout_ms: 500, on_failure: 'closed', events: ['request'] },
      secret: 'a secret of some length',
    },
  ],
  response_length_cap: [{ max_characters: 500 }],
}

const hook = { url: 'https://h.example', timeout_ms: 500, on_failure: 'open', secret: 'x'.repeat(16) }

const wrong: [PluginName, unknown, string][] = [
  ['system_prompt', null, 'settings'],
  ['system_prompt', [], 'settings'],
  ['system_prompt', {}, 'text'],
  ['system_prompt', { text: ' ' }, 'text'],
  ['system_prompt', { text: 'a\u0000' }, 'text'],
  ['system_prompt', { text: 'a', more: 1 }, 'more'],
  ['parameter_clamp', { parameters: {} }, 'parameters'],
  ['parameter_clamp', { parameters: { temperature: {} } }, 'parameters'],
  ['parameter_clamp', { parameters: { temperature: { min: 1, max: 0 } } }, 'parameters'],
  ['parameter_clamp', { parameters: { temperature: { max: 3 } } }, 'parameters'],
  ['parameter_clamp', { parameters: { api_base: { max: 1 } } }, 'parameters'],
  ['header_injection', { headers: {} }, 'headers'],
  ['header_injection', { headers: { Authorization: 'Bearer x' } }, 'headers'],
  ['header_injection', { headers: { 'X-Amz-Date': 'x' } }, 'headers'],
  ['header_injection', { headers: { 'x-a': 'b\r\nhost: c' } }, 'headers'],
  ['header_injection', { headers: { 'x a': 'b' } }, 'headers'],
  ['header_injection', { headers: { 'x-a': 1 } }, 'headers'],
  ['pii_masking', { detectors: [] }, 'detectors'],
  ['pii_masking', { detectors: ['email', 'email'] }, 'detectors'],
  ['pii_masking', { detectors: ['mood'] }, 'detectors'],
  ['pii_masking', { detectors: ['email'], applies_to: 'all' }, 'applies_to'],
  ['pii_masking', { detectors: ['email'], restore: 'yes' }, 'restore'],
  ['webhook', { ...hook, timeout_ms: 1 }, 'timeout_ms'],
  ['webhook', { ...hook, on_failure: 'maybe' }, 'on_failure'],
  ['webhook', { ...hook, secret: 'too short' }, 'secret'],
  ['response_length_cap', { max_characters: 1.5 }, 'max_characters'],
  ['response_length_cap', { max_characters: 0 }, 'max_characters'],
  ['response_length_cap', { constructor: 1, max_characters: 1 }, 'constructor'],
]

describe('plugin settings', () => {
  it('are taken when they are right', () => {
    for (const [name, examples] of Object.entries(right)) {
      for (const settings of examples) {
        expect([name, findSettingsMistakes(name as PluginName, settings)]).toEqual([name, []])
      }
    }
  })

  it.each(wrong)('of %s refuse %j', (name, settings, field) => {
    expect(findSettingsMistakes(name, settings).map((mistake) => mistake.field)).toEqual([field])
  })

  it('are known for every plugin that there is', () => {
    expect([...availablePlugins].sort()).toEqual(Object.keys(right).sort())
  })

  it('are kept with their secrets sealed, and shown without', () => {
    const sealed = sealSecrets('webhook', hook, (secret) => `sealed ${secret.length}`)
    expect(sealed).toEqual({ ...hook, secret: 'sealed 16' })
    expect(withoutSecrets('webhook', sealed)).toEqual({
      ...{ url: 'https://h.example', timeout_ms: 500, on_failure: 'open' },
    })
    expect(withoutSecrets('system_prompt', { text: 'a' })).toEqual({ text: 'a' })
  })
})
