export * from './logger.js'
export * from './metrics.js'
export * from './private-server.js'
export * from './tracing.js'
