export * from './attempt.js'
export * from './scope.js'
