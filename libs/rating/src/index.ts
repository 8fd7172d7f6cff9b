export * from './price.js'
export * from './rate.js'
export * from './usd.js'
