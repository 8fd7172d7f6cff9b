import { floors, missesOf } from './floors.js'
import { measure } from './measure.js'

const usage = `Precision and recall of each detector on a set of examples made for it.

    npm run bench:detectors                     # the table
    npm run bench:detectors -- --check          # exit code 1 when a detector is below its floor
    npm run bench:detectors -- --seed 7         # other examples of the same templates
    npm run bench:detectors -- --mistakes email # and up to 40 mistakes of one detector
`

const args = process.argv.slice(2)
const valueOf = (name: string): string | undefined =>
  args.includes(name) ? args[args.indexOf(name) + 1] : undefined

if (args.includes('--help')) process.stdout.write(usage)
else {
  const seed = Number(valueOf('--seed') ?? 1)
  const { exampleCount, scores } = measure(seed)
  const lines = [
    `${exampleCount} examples, seed ${seed}`,
    '',
    'detector           there  found  false  precision  recall  floors',
  ]
  for (const { detector, labelCount, foundCount, falseCount, precision, recall } of scores) {
    const floor = floors[detector]
    const counts = [labelCount, foundCount, falseCount].map((count) => String(count).padStart(5)).join('  ')
    const shares = `${precision.toFixed(3).padStart(9)}  ${recall.toFixed(3).padStart(6)}`
    lines.push(
      `${detector.padEnd(17)}  ${counts}  ${shares}  ${floor.precision.toFixed(2)} ${floor.recall.toFixed(2)}`,
    )
  }
  const detailed = scores.find(({ detector }) => detector === valueOf('--mistakes'))
  lines.push(...(detailed?.mistakes.slice(0, 40) ?? []).map((mistake) => JSON.stringify(mistake)))
  const misses = missesOf(scores)
  process.stdout.write(`${[...lines, ...misses].join('\n')}\n`)
  process.exitCode = args.includes('--check') && misses.length > 0 ? 1 : 0
}
