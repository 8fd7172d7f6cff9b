import { IsArray, IsInt, IsOptional, IsString, Matches, Max, Min, MinLength } from 'class-validator'
import { AsInteger, AsList, Env } from './config.js'

/** What every process of Weir needs: where it listens privately, how it proves itself to the others. */
export class ServiceConfig {
  /** Address that every port of the process is bound to. */
  @Env('WEIR_HOST')
  @IsString()
  host = '127.0.0.1'

  /** Port of /metrics, /livez and /readyz; 0: a free one. */
  @Env('WEIR_METRICS_PORT')
  @AsInteger()
  @IsInt()
  @Min(0)
  @Max(65535)
  metricsPort = 0

  @Env('WEIR_LOG_LEVEL')
  @Matches(/^(fatal|error|warn|info|debug|trace|silent)$/)
  logLevel = 'info'

  /** How far the process lets others go first that need its core, once it has started: 0 not at all, 19 always. */
  @Env('WEIR_NICENESS')
  @AsInteger()
  @IsInt()
  @Min(0)
  @Max(19)
  niceness = 0

  /** Shared secret of internal calls. */
  @Env('WEIR_INTERNAL_SECRET', { secret: true })
  @IsString()
  @MinLength(32)
  internalSecret: string

  /** Files of the mutual TLS between services; all three or none. */
  @Env('WEIR_TLS_CA')
  @IsOptional()
  @IsString()
  tlsCa?: string

  @Env('WEIR_TLS_CERT')
  @IsOptional()
  @IsString()
  tlsCert?: string

  @Env('WEIR_TLS_KEY')
  @IsOptional()
  @IsString()
  tlsKey?: string
}

/** A service that keeps state and speaks to the bus. */
export class StatefulConfig extends ServiceConfig {
  @Env('WEIR_DATABASE_URL', { secret: true })
  @Matches(/^postgres(ql)?:\/\//)
  databaseUrl: string

  /** PostgreSQL of the embedded bus; absent: the service's own. */
  @Env('WEIR_BUS_DATABASE_URL', { secret: true })
  @IsOptional()
  @Matches(/^postgres(ql)?:\/\//)
  busDatabaseUrl?: string

  /** Kafka instead of the log in PostgreSQL. */
  @Env('WEIR_KAFKA_BROKERS')
  @AsList()
  @IsOptional()
  @IsArray()
  @Matches(/^[^:]+:\d+$/, { each: true })
  kafkaBrokers?: string[]
}

/** A service that serves REST under the master key. */
export class RestConfig extends StatefulConfig {
  @Env('WEIR_HTTP_PORT')
  @AsInteger()
  @IsInt()
  @Min(0)
  @Max(65535)
  httpPort = 0

  /** Authenticates management over REST. */
  @Env('WEIR_MASTER_KEY', { secret: true })
  @IsString()
  @MinLength(32)
  masterKey: string
}
