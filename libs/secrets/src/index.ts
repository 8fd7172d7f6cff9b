export * from './keyring.js'
export * from './virtual-key.js'
