import type { HeaderInjectionSettings } from '@weir/plugin-settings'
import { definePlugin } from './plugin.js'

/** Sends headers to the provider. What frames a message or carries a credential is refused where settings are saved. */
export const headerInjection = definePlugin<HeaderInjectionSettings>({
  name: 'header_injection',
  create: ({ headers }) => ({
    request(request) {
      for (const [name, value] of Object.entries(headers)) request.headers[name.toLowerCase()] = value
    },
  }),
})
