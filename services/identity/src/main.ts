import 'reflect-metadata'
import { runService } from '@weir/http'
import { IdentityConfig } from './config.js'
import { OidcSettings } from './sign-in/oidc/oidc-settings.js'
import { startIdentity } from './start.js'

await runService({
  name: 'identity',
  config: IdentityConfig,
  check: (config) => OidcSettings.from(config),
  run: startIdentity,
})
