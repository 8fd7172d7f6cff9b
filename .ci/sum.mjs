// Adds up what the checks and the tests reported. Arguments: name:exit code:report file.
import { existsSync, readFileSync } from 'node:fs'

let passed = 0
let failed = 0

for (const argument of process.argv.slice(2)) {
  const [, name, status, path] = /^(\w+):(\d+):(.*)$/.exec(argument)
  if (!existsSync(path)) {
    console.log(`${name} ended with exit code ${status} before it could report.`)
    failed += 1
    continue
  }
  const report = JSON.parse(readFileSync(path, 'utf8'))
  passed += report.passed
  failed += report.failed
  // A reason names what the machine lacks (a user that is not root, …); without one the test could have run.
  for (const { name: test, reason } of report.skipped) {
    if (reason) continue
    console.log(`Skipped without a reason: ${test}`)
    failed += 1
  }
  if (status !== '0' && report.failed === 0) {
    console.log(`${name} ended with exit code ${status} although nothing failed.`)
    failed += 1
  }
}

console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 && passed > 0 ? 0 : 1)
