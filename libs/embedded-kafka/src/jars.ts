import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { KafkaStartError } from './start-error.js'

const run = promisify(execFile)

/** Release of Apache Kafka that is started. */
export const kafkaVersion = '4.3.1'

/** Kafka's jar has no logging back end of its own. */
const log4jVersion = '2.25.3'

/** Kafka 4 says so. */
const leastJava = 17

const pom = `<?xml version="1.0"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>weir</groupId>
  <artifactId>embedded-kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${kafkaVersion}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>${log4jVersion}</version>
    </dependency>
  </dependencies>
</project>
`

/**
 * The folder with the broker's jars (44 MB), kept in the user's cache and fetched with Maven the first time.
 * @throws KafkaStartError when Java or Maven is missing, or Maven could not fetch them.
 */
export async function resolveJars(): Promise<string> {
  await requireJava()
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'weir')
  const jars = join(cache, `kafka-${kafkaVersion}`)
  if (existsSync(jars)) return jars
  mkdirSync(cache, { recursive: true })
  // Complete or not there: what is fetched gets its name at the end, also when two processes do it at once.
  const work = mkdtempSync(join(cache, 'kafka-fetch-'))
  try {
    writeFileSync(join(work, 'pom.xml'), pom)
    await fetchInto(work)
    renameSync(join(work, 'jars'), jars)
  } catch (error) {
    if (!existsSync(jars)) throw error
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return jars
}

/** Why Kafka cannot be started here; undefined when it can. Fetches the jars when need be. */
export async function whyNoKafka(): Promise<string | undefined> {
  try {
    await resolveJars()
    return undefined
  } catch (error) {
    if (error instanceof KafkaStartError) return error.message
    throw error
  }
}

async function fetchInto(work: string): Promise<void> {
  const args = [
    '-B',
    '-q',
    '-f',
    join(work, 'pom.xml'),
    'dependency:copy-dependencies',
    `-DoutputDirectory=${work}/jars`,
  ]
  try {
    await run('mvn', args, { timeout: 300_000, maxBuffer: 1 << 26 })
  } catch (error) {
    const { code, stdout = '' } = error as { code?: string | number; stdout?: string }
    if (code === 'ENOENT') {
      throw new KafkaStartError(
        `Maven (mvn) is not on the PATH: it fetches the jars of Kafka ${kafkaVersion} the first time; install it.`,
      )
    }
    const said = stdout.split('\n').find((line) => line.includes('ERROR'))
    throw new KafkaStartError(
      `Maven could not fetch the jars of Kafka ${kafkaVersion}; see whether its repository can be reached. ${said ?? ''}`.trim(),
      { cause: error },
    )
  }
}

async function requireJava(): Promise<void> {
  let said: string
  try {
    said = (await run('java', ['-version'])).stderr
  } catch (error) {
    throw new KafkaStartError(
      `Java is not on the PATH: Kafka ${kafkaVersion} needs Java ${leastJava} or later; install it.`,
      {
        cause: error,
      },
    )
  }
  const major = Number(/version "(?:1\.)?(\d+)/.exec(said)?.[1])
  if (!(major >= leastJava)) {
    throw new KafkaStartError(
      `Java ${major} is on the PATH, but Kafka ${kafkaVersion} needs Java ${leastJava} or later; install that.`,
    )
  }
}
