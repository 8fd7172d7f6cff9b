import { writeReport } from './report.mjs'

/** Says at the end which tests were skipped and why, and leaves the counts for `.ci/run`. */
export default class TestReporter {
  #isFiltered = false

  onInit(vitest) {
    this.#isFiltered = Boolean(vitest.config.testNamePattern)
  }

  onTestRunEnd(modules, unhandledErrors) {
    const report = { passed: 0, failed: unhandledErrors.length, skipped: [] }
    for (const module of modules) {
      // A file that cannot be loaded has no tests to fail.
      if (module.errors().length > 0) report.failed += 1
      for (const test of module.children.allTests()) {
        const { state, note } = test.result()
        if (state === 'passed') report.passed += 1
        else if (state === 'failed') report.failed += 1
        else
          report.skipped.push({
            name: `${module.relativeModuleId} > ${test.fullName}`,
            reason: note ?? reasonIn(test.fullName),
          })
      }
    }
    if (!this.#isFiltered) show(report.skipped)
    writeReport(report)
  }
}

/** What is skipped as a whole says in its title what the machine lacks. */
const reasonIn = (name) => /\(([^()]*(?:\([^()]*\))?[^()]*(?:is needed|are not here))\)/.exec(name)?.[1]

function show(skipped) {
  if (skipped.length === 0) {
    console.log('Nothing was skipped.\n')
    return
  }
  console.log(`Skipped (${skipped.length}):`)
  for (const { name, reason } of skipped) console.log(`  - ${name}: ${reason ?? 'NO REASON GIVEN'}`)
  console.log()
}
