export { type WatchBatch, type WatchedState, Watcher } from '@weir/contracts'
