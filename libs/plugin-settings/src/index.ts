export * from './check.js'
export * from './plugins.js'
