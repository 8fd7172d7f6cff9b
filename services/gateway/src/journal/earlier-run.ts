import { type LogRecord, readRecords } from './record.js'

/** What the log has of an attempt without an event. */
export interface EarlierAttempt {
  seq: number
  start: LogRecord
  progress?: LogRecord
}

/** What an earlier process has left in the log. */
export interface EarlierRun {
  /** Attempts that were under way when it died. */
  interrupted: EarlierAttempt[]
  /** Events that are not published. */
  waitingCount: number
  lastSeq: number
}

/** Reads the whole log up to its end. @param onStart is called with each start in it, in its order */
export function readEarlierRun(
  folder: string,
  { acknowledged, end }: { acknowledged: number; end: number },
  onStart: (start: LogRecord) => void,
): EarlierRun {
  const open = new Map<number, EarlierAttempt>()
  let waitingCount = 0
  let lastSeq = 0
  for (const record of readRecords(folder, 0, end)) {
    const { kind, seq } = record
    lastSeq = Math.max(lastSeq, seq)
    if (kind === 'start') onStart(record)
    const attempt = open.get(seq)
    if (kind === 'start') open.set(seq, { ...attempt, seq, start: record })
    else if (kind === 'progress' && attempt) attempt.progress = record
    else if (kind === 'event') open.delete(seq)
    if (kind === 'event' && record.end > acknowledged) waitingCount++
  }
  return { interrupted: [...open.values()], waitingCount, lastSeq }
}
