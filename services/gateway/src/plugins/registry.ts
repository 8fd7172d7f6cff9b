import type { PluginName, PluginSettings } from '@weir/plugin-settings'
import { headerInjection } from './header-injection.js'
import { parameterClamp } from './parameter-clamp.js'
import { piiMasking } from './pii-masking.js'
import type { PluginKind } from './plugin.js'
import { responseLengthCap } from './response-length-cap.js'
import { systemPrompt } from './system-prompt.js'
import { webhook } from './webhook.js'

/** Every plugin that a deployment may have; settings are checked by libs/plugin-settings, at save. */
export const pluginKinds: { readonly [Name in PluginName]: PluginKind<PluginSettings[Name]> } = {
  system_prompt: systemPrompt,
  parameter_clamp: parameterClamp,
  header_injection: headerInjection,
  pii_masking: piiMasking,
  webhook,
  response_length_cap: responseLengthCap,
}
