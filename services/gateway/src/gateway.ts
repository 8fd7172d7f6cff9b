import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { SwaggerModule } from '@nestjs/swagger'
import { answerBadPath, configureRest, requestId, type RunningService, type ServiceContext } from '@weir/http'
import { NestLogger } from '@weir/observability'
import { Keyring } from '@weir/secrets'
import { AddressPolicy } from '@weir/upstream-address'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Server as NetServer } from 'node:net'
import { AdmissionControl } from './admission/admission.js'
import { Money } from './admission/money.js'
import { Rates } from './admission/rates.js'
import { KeptAnswers } from './cache/kept-answers.js'
import { ResponseCache } from './cache/response-cache.js'
import { SharedStore } from './cache/shared-store.js'
import type { GatewayConfig } from './config.js'
import { GatewayModule } from './gateway.module.js'
import { IdempotentRequests } from './idempotency/idempotent-requests.js'
import { InferencePipeline } from './inference/pipeline.js'
import { InferenceServer } from './inference/inference-server.js'
import { Forwarder } from './ingress/forward.js'
import { Journal } from './journal/journal.js'
import { openApiDocument } from './openapi/document.js'
import { PluginChains } from './plugins/plugin-chains.js'
import { postOver } from './plugins/post.js'
import { SandboxUpstream } from './providers/sandbox/chat-completions.js'
import { ActiveChecks } from './routing/active-checks.js'
import { Snapshots } from './snapshot/snapshots.js'
import { HttpUpstream } from './upstream/http-upstream.js'

/** Longer than the idle time of common load balancers, so that none of them reuses a connection that is being closed. */
const keepAliveMs = 75_000

/** A provider that lists no models within that is not there. */
const checkTimeoutMs = 5_000

/** After so long without a request, connections that are kept alive are closed when the gateway stops. */
const quietMs = 1_000

/** Turns of the event loop, each of which takes a connection that waits. */
const turnsBeforeClose = 100

/** Puts the gateway together: snapshots in, requests through, usage out. */
export async function startGateway({
  config,
  logger,
  privateServer,
}: ServiceContext<GatewayConfig>): Promise<RunningService> {
  const keyring = new Keyring(config.encryptionKeys)
  const snapshots = new Snapshots(config, keyring, logger)
  snapshots.start()
  const databaseUrl = config.busDatabaseUrl ?? config.databaseUrl
  const journal = new Journal(
    config.dataDir,
    {
      ...(config.kafkaBrokers && { kafkaBrokers: config.kafkaBrokers }),
      ...(databaseUrl && { databaseUrl }),
    },
    logger,
  )
  const money = new Money(config, () => snapshots.identity.state.moneyLimits, journal.runs, logger)
  money.start()
  const admission = new AdmissionControl(new Rates(config, snapshots, logger), money)
  const addresses = new AddressPolicy(config.upstreamAllow)
  const http = new HttpUpstream({ ...config, isForbidden: (address) => addresses.isForbidden(address) })
  const shared = config.cacheUrl === undefined ? undefined : new SharedStore(config.cacheUrl, logger)
  const cache = new ResponseCache(config.cacheBytes, shared, keyring)
  cache.exportMetrics()
  const idempotent = new IdempotentRequests(config, shared, keyring, logger)
  const plugins = new PluginChains(({ id }) => ({
    post: postOver(http),
    unseal: (sealed) => keyring.unsealText(sealed, `deployment/${id}`),
  }))
  const pipeline = new InferencePipeline(
    config,
    snapshots,
    journal,
    admission,
    { http, sandbox: new SandboxUpstream() },
    new KeptAnswers(cache, idempotent, snapshots),
    plugins,
    logger,
  )
  const checks = new ActiveChecks({
    ...{ deployments: pipeline.routes.deployments, upstream: http, timeoutMs: checkTimeoutMs, logger },
    list: () => snapshots.catalog.state.allDeployments(),
  })
  checks.start()
  const forwarder = new Forwarder(config)
  let isListening = false
  privateServer.addCheck('listening', () => (isListening ? undefined : 'its port is not open yet'))
  privateServer.addCheck('snapshot', () => snapshots.missing(config.snapshotMaxAgeMs))
  privateServer.addCheck('budgets', () => money.missing())

  const inference = new InferenceServer(pipeline, logger)
  const adapter = publicAdapter((request, response) => inference.take(request, response))
  const app = await NestFactory.create<NestFastifyApplication>(
    GatewayModule.register({ forwarder, privateServer, deployments: pipeline.routes.deployments }),
    adapter,
    { logger: new NestLogger(logger), bodyParser: false },
  )
  configureRest(app, { logger, isUnavailable: () => false })
  SwaggerModule.setup('docs', app, openApiDocument)
  await app.init()
  const server = app.getHttpAdapter().getHttpServer() as Server
  // Longer than any silence of a provider: whoever does not read its answer is let go.
  server.timeout = config.firstByteTimeoutMs + config.idleTimeoutMs
  await app.getHttpAdapter().getInstance().ready()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: config.port, host: config.host, reusePort: config.reusePort }, resolve)
  })
  isListening = true
  logger.info({ port: config.port }, 'Serving.')

  return {
    drainMs: config.drainMs,
    async close() {
      privateServer.addCheck('stopping', () => 'it is being stopped')
      checks.close()
      pipeline.isStopping = true
      const until = Date.now() + config.drainMs
      await letGo(server, until)
      await pipeline.drain(until)
      server.closeIdleConnections()
      await journal.close(5_000)
      await idempotent.close()
      shared?.close()
      await admission.close()
      await snapshots.close()
      await app.close()
      await Promise.all([http.close(), forwarder.close()])
    },
  }
}

/**
 * Takes no more connections. Those that are kept alive hear with their next reply that they are no longer;
 * to close one at once might meet a request that is just coming.
 */
async function letGo(server: Server, until: number): Promise<void> {
  let requestedAt = Date.now()
  server.prependListener('request', (_request, response: ServerResponse) => {
    requestedAt = Date.now()
    // Answers to earlier requests see to it themselves.
    response.shouldKeepAlive = false
  })
  // Who has connected is taken first, one in each turn: what waits in the queue of a port that is closed is reset.
  for (let turn = 0; turn < turnsBeforeClose; turn++) await new Promise(setImmediate)
  // Not the HTTP server's own: it closes idle connections.
  NetServer.prototype.close.call(server)
  while (Date.now() < Math.min(until, requestedAt + quietMs) && (await connectionsOf(server)) > 0) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const connectionsOf = (server: Server): Promise<number> =>
  new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))

/** Fastify on a server that offers each request to `take` first: what it takes never reaches the framework. */
function publicAdapter(
  take: (request: IncomingMessage, response: ServerResponse) => boolean,
): FastifyAdapter {
  const adapter = new FastifyAdapter({
    genReqId: (request: IncomingMessage) => requestId(request.headers['x-request-id']),
    bodyLimit: 1024 * 1024,
    frameworkErrors: answerBadPath,
    serverFactory: (handler: (request: IncomingMessage, response: ServerResponse) => void): Server =>
      createServer({ keepAliveTimeout: keepAliveMs, noDelay: true }, (request, response) => {
        if (!take(request, response)) handler(request, response)
      }),
  })
  // Bodies are forwarded as they are: only their owner parses them.
  const fastify = adapter.getInstance()
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  return adapter
}
