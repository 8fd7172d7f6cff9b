export * from './price.js'
export * from './rate.js'
export * from './usd.js'
export * from './usage-sum.js'
