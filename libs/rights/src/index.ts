export * from './model-rights.js'
