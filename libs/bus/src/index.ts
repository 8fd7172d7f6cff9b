export * from './bus.js'
export * from './create-bus.js'
