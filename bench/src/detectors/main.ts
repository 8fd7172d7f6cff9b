import { makeExamples, makeHeldOutExamples } from './examples.js'
import { floors, missesOf } from './floors.js'
import { measure, type Measurement } from './measure.js'

const usage = `Precision and recall of each detector on sets of examples made for them.

    npm run bench:detectors                     # the table
    npm run bench:detectors -- --check          # exit code 1 when a detector is below its floor
    npm run bench:detectors -- --seed 7         # other examples of the same templates
    npm run bench:detectors -- --mistakes email # and mistakes of one detector
`

const args = process.argv.slice(2)
const valueOf = (name: string): string | undefined =>
  args.includes(name) ? args[args.indexOf(name) + 1] : undefined

/** The scores in a table; floors only where there are some. */
function tableOf({ exampleCount, scores }: Measurement, title: string, hasFloors: boolean): string[] {
  const lines = [`${title}: ${exampleCount} examples`, '']
  lines.push(`detector           there  found  false  precision  recall${hasFloors ? '  floors' : ''}`)
  for (const { detector, labelCount, foundCount, falseCount, precision, recall } of scores) {
    if (labelCount === 0) continue
    const counts = [labelCount, foundCount, falseCount].map((count) => String(count).padStart(5)).join('  ')
    const shares = `${precision.toFixed(3).padStart(9)}  ${recall.toFixed(3).padStart(6)}`
    const floor = floors[detector]
    const least = hasFloors ? `  ${floor.precision.toFixed(2)} ${floor.recall.toFixed(2)}` : ''
    lines.push(`${detector.padEnd(17)}  ${counts}  ${shares}${least}`)
  }
  return [...lines, '']
}

if (args.includes('--help')) process.stdout.write(usage)
else {
  const seed = Number(valueOf('--seed') ?? 1)
  const measured = measure(makeExamples(seed))
  const heldOut = measure(makeHeldOutExamples(seed))
  const lines = [
    ...tableOf(measured, `Seed ${seed}`, true),
    ...tableOf(heldOut, 'Held out: no detector was tuned on these', false),
  ]
  for (const { scores } of [measured, heldOut]) {
    const detailed = scores.find(({ detector }) => detector === valueOf('--mistakes'))
    lines.push(...(detailed?.mistakes.slice(0, 40) ?? []).map((mistake) => JSON.stringify(mistake)))
  }
  const misses = missesOf(measured.scores)
  process.stdout.write(`${[...lines, ...misses].join('\n')}\n`)
  process.exitCode = args.includes('--check') && misses.length > 0 ? 1 : 0
}
