import type { Logger } from '@weir/observability'

/** The service's log, to be injected. */
export class ServiceLog {
  constructor(readonly logger: Logger) {}
}
