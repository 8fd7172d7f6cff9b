export * from './scope.js'
