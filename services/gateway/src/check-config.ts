import { Keyring, readPepper } from '@weir/secrets'
import { AddressPolicy } from '@weir/upstream-address'
import type { GatewayConfig } from './config.js'
import { readJwtSettings } from './inference/jwt-settings.js'
import { SourceAddresses } from './inference/source-address.js'

/** What a look at single settings does not show. Throws for the first that is not right. */
export function checkConfig(config: GatewayConfig): void {
  readJwtSettings(config)
  new Keyring(config.encryptionKeys)
  readPepper(config.keyPepper)
  new AddressPolicy(config.upstreamAllow)
  new SourceAddresses(config.trustedProxies)
}
