import { createDemoKey, DEMO_MODEL, ensureDemo } from './demo.js'
import { curlLine, DemoKeyRefused, type FirstRequest, makeFirstRequest } from './first-request.js'
import { readPort } from './instance-ports.js'
import { LaunchError } from './launch-error.js'
import { keptDemoKey, writeLocalFile } from './local-file.js'
import { Management } from './management.js'
import { onStopRequest } from './stop-request.js'
import { Terminal } from './terminal.js'
import { startWeir, type Weir } from './weir.js'

/** `npm start`: the whole of Weir on this machine, until Ctrl-C. */
async function main(): Promise<void> {
  const isJson = process.argv.includes('--json')
  const terminal = new Terminal(isJson ? process.stderr : process.stdout)
  const say = (line: string): void => terminal.line(line)
  const interrupted = new AbortController()
  let weir = undefined as Weir | undefined
  onStopRequest({
    first: (reason) => {
      say(`${reason}: draining and stopping (once more to stop at once)`)
      interrupted.abort()
      void weir?.stop().then(() => {
        say('stopped')
        process.exit(0)
      })
    },
    second: () => {
      weir?.kill()
      process.exit(130)
    },
  })

  weir = await startWeir({
    home: process.env.WEIR_HOME || '.weir',
    port: readPort('WEIR_PORT', process.env.WEIR_PORT) ?? 4000,
    gateways: Number(process.env.WEIR_GATEWAYS || 1),
    signal: interrupted.signal,
    say,
  })
  const demo = await showThatItWorks(weir, say).catch(async (error: unknown) => {
    // While we are asked to stop, calls fail as they should; the one who stops also ends the process.
    if (interrupted.signal.aborted) return new Promise<never>(() => undefined)
    await weir?.stop()
    throw error
  })
  if (interrupted.signal.aborted) return
  if (isJson) console.log(JSON.stringify(jsonSummary(weir, demo.request, terminal.elapsedMs())))
  else for (const line of summary(weir, demo, terminal.elapsedMs())) console.log(line)
}

interface Demo {
  key: string
  /** Undefined when the call did not go through, which is no reason to stop an instance that has been in use. */
  request: FirstRequest | undefined
}

/** Makes the demo's data, sends one real call and waits for its cost; then writes `local.json`. */
async function showThatItWorks(weir: Weir, say: (line: string) => void): Promise<Demo> {
  const management = new Management(weir.url, weir.masterKey)
  const kept = keptDemoKey(weir.home)
  const demo = await prove(weir, management, kept).catch((error: unknown) => {
    if (kept === undefined || !(error instanceof LaunchError)) throw error
    say(error.message)
    return { key: kept, request: undefined }
  })
  writeLocalFile(weir.home, {
    ...{ url: weir.url, master_key: weir.masterKey },
    ...{ demo_key: demo.key, demo_model: DEMO_MODEL },
  })
  return demo
}

async function prove(weir: Weir, management: Management, kept: string | undefined): Promise<Demo> {
  await ensureDemo(management)
  if (kept !== undefined) {
    try {
      return { key: kept, request: await makeFirstRequest(weir.url, kept, management) }
    } catch (error) {
      if (!(error instanceof DemoKeyRefused)) throw error
    }
  }
  const key = await createDemoKey(management)
  return { key, request: await makeFirstRequest(weir.url, key, management) }
}

function summary(weir: Weir, { key, request }: Demo, elapsedMs: number): string[] {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`
  const call =
    request === undefined
      ? ['Weir runs, but the demo call did not go through (see above).']
      : [
          `One real call went through: ${request.inputTokens} input and ${request.outputTokens} output tokens in ${seconds(request.callMs)}.`,
          `It cost business unit demo $${request.costUsd}, which stood on /v1/costs ${seconds(request.costMs)} after the answer.`,
        ]
  return [
    '',
    ...call,
    '',
    `  Weir        ${weir.url}   (API reference: ${weir.url}/docs)`,
    `  master key  in ${weir.home.local}`,
    ...(weir.setupToken === undefined
      ? []
      : [`  first user  POST ${weir.url}/v1/setup with the one-time token ${weir.setupToken}`]),
    `  try it      ${curlLine(weir.url, key)}`,
    '',
    `Ready after ${seconds(elapsedMs)}. Ctrl-C stops it; what it knows stays in ${weir.home.root}.`,
  ]
}

/** For scripts; secrets stay in `local.json`. */
function jsonSummary(
  weir: Weir,
  request: FirstRequest | undefined,
  elapsedMs: number,
): Record<string, unknown> {
  return {
    url: weir.url,
    demo_model: DEMO_MODEL,
    home: weir.home.root,
    local_json: weir.home.local,
    elapsed_ms: elapsedMs,
    ...(request && {
      input_tokens: request.inputTokens,
      output_tokens: request.outputTokens,
      cost_usd: request.costUsd,
      call_ms: request.callMs,
      cost_ms: request.costMs,
    }),
  }
}

try {
  await main()
} catch (error) {
  if (!(error instanceof LaunchError)) throw error
  console.error(error.message)
  process.exit(1)
}
