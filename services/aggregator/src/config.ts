import { RestConfig } from '@weir/config'

/** Aggregator's configuration: that of every service with REST; docs in services/aggregator/README.md. */
export class AggregatorConfig extends RestConfig {}
