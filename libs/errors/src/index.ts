export * from './app-error.js'
export * from './table.js'
