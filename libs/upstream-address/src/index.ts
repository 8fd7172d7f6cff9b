export * from './address-policy.js'
export * from './guarded-lookup.js'
