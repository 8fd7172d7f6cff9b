import { counter, gauge, histogram } from '@weir/observability'

export const duplicates = counter('weir_duplicate_events_total', 'Events that had been counted before.', [
  'topic',
])

export const unpriced = counter('weir_unpriced_attempts_total', 'Attempts whose price is not known.', [
  'model',
])

export const batchDuration = histogram(
  'weir_batch_duration_seconds',
  'Time to apply a batch of events.',
  ['topic'],
  [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
)

export const newestEventAge = gauge(
  'weir_newest_event_age_seconds',
  'Age of the newest event of the last batch when it was applied.',
  ['topic'],
)
