import type { ParameterClampSettings } from '@weir/plugin-settings'
import { asNumber } from '../conversation/json.js'
import { definePlugin } from './plugin.js'

/** The names that a parameter has in the dialects that callers speak. */
const namesOf: Readonly<Record<string, readonly string[]>> = {
  max_tokens: ['max_tokens', 'max_completion_tokens', 'max_output_tokens'],
}

/** Keeps numbers of a request within bounds; those that are left out stay so. */
export const parameterClamp = definePlugin<ParameterClampSettings>({
  name: 'parameter_clamp',
  create: ({ parameters }) => ({
    request({ document }) {
      for (const [parameter, { min = -Infinity, max = Infinity }] of Object.entries(parameters)) {
        for (const name of namesOf[parameter] ?? [parameter]) {
          const value = asNumber(document[name])
          if (value === undefined || (value >= min && value <= max)) continue
          document[name] = Math.min(max, Math.max(min, value))
        }
      }
    },
  }),
})
