import { businessUnitCostRolledUp, requestSettled, type RequestSettled } from '@weir/contracts'
import { startKafka, whyNoKafka } from '@weir/embedded-kafka'
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { createBus } from '../create-bus.js'

const run = promisify(execFile)
const client = 'kafka-python==3.0.12'

/** As an analyst would read a topic; prints its first record. */
const script = `
import json, sys
from kafka import KafkaConsumer
brokers, topic = sys.argv[1:]
consumer = KafkaConsumer(topic, bootstrap_servers=brokers, auto_offset_reset='earliest', consumer_timeout_ms=30000)
for record in consumer:
    print(json.dumps({
        'key': record.key.decode(),
        'value': json.loads(record.value),
        'headers': {name: value.decode() for name, value in record.headers},
    }))
    break
`

const event: RequestSettled = {
  ...requestSettled.decode('{"event_id":"0198c0de-0000-7000-8000-000000000001"}'),
  requestId: 'req_1',
  attempt: 1,
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: '2026-01-01T00:00:01.500Z',
  team: 'alpha',
  virtualKey: 'key_1',
  model: 'gpt-5',
  streamed: true,
  inputTokens: 12,
}

it('gives a consumer in Python a flat, documented usage record', async (context) => {
  const missing = (await whyNoKafka()) ?? (await whyNoPython())
  if (missing && process.env['WEIR_REQUIRE_KAFKA'] === '1') throw new Error(missing)
  if (missing) return context.skip(missing)

  const dataDir = mkdtempSync(join(tmpdir(), 'weir-python-'))
  const kafka = await startKafka({ dataDir })
  const bus = createBus({ kafkaBrokers: [kafka.brokers], clientId: 'test' })
  try {
    await bus.provision()
    await bus.publish(requestSettled.topic, [requestSettled.encode(event, 'gateway')])
    const { stdout } = await run(python(), ['-c', script, kafka.brokers, requestSettled.topic], {
      timeout: 60_000,
    })
    const record = JSON.parse(stdout) as {
      key: string
      value: Record<string, unknown>
      headers: Record<string, string>
    }

    expect(record.key).toBe('key_1')
    expect(record.headers).toMatchObject({
      ce_id: event.eventId,
      ce_type: requestSettled.name,
      ce_source: 'gateway',
    })
    expect(record.value).toMatchObject({
      event_id: event.eventId,
      team: 'alpha',
      input_tokens: 12,
      streamed: true,
    })
    const documentation = readFileSync(
      fileURLToPath(new URL('../../../../proto/asyncapi.yaml', import.meta.url)),
      'utf8',
    )
    expect(documentation).toContain(`address: ${requestSettled.topic}\n`)
    for (const [field, content] of Object.entries(record.value)) {
      expect(['string', 'number', 'boolean'], field).toContain(typeof content)
      expect(documentation).toContain(` ${field}:\n`)
    }

    const { stdout: topics } = await run(python(), ['-c', describeScript, kafka.brokers], { timeout: 60_000 })
    expect(JSON.parse(topics)).toMatchObject({
      [businessUnitCostRolledUp.topic]: { partitions: businessUnitCostRolledUp.partitions },
      [requestSettled.topic]: { partitions: requestSettled.partitions },
      [`${requestSettled.topic}.dead-letter`]: { partitions: 1 },
    })
  } finally {
    await bus.close()
    await kafka.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}, 180_000)

const describeScript = `
import json, sys
from kafka import KafkaConsumer
consumer = KafkaConsumer(bootstrap_servers=sys.argv[1])
print(json.dumps({topic: {'partitions': len(consumer.partitions_for_topic(topic))} for topic in consumer.topics()}))
`

/** In the user's cache, as the broker's jars are. */
function environment(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'weir', client.replace('==', '-'))
}

function python(): string {
  return join(environment(), 'bin', 'python')
}

async function whyNoPython(): Promise<string | undefined> {
  const ready = join(environment(), 'ready')
  if (existsSync(ready)) return undefined
  try {
    await run('python3', ['-m', 'venv', environment()])
    await run(python(), ['-m', 'pip', 'install', '--quiet', client])
    mkdirSync(ready)
    return undefined
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string }
    return `Python with ${client} is not to be had: ${stderr.trim().split('\n').at(-1) || 'python3 is not on the PATH'}`
  }
}
