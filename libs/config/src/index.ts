export * from './config.js'
export * from './types.js'
