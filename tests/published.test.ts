import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { askedConfig } from '../lib/config/resolved.js'
import { expandGrid } from '../lib/experiment/sweep/grid.js'
import { listPlans, readPlan } from '../lib/experiment/sweep/plan.js'
import { loadSweepFile } from '../lib/experiment/sweep/sweep-file.js'
import { verifyThings } from '../lib/experiment/verify/verify.js'
import { canonicalJson } from '../lib/files/sealed-json.js'
import { paperTable, publishedClaims, toMarkdown } from '../lib/index.js'
import { listRuns } from '../lib/results/run.js'
import { plusMinus } from '../lib/statistics/rounding.js'
import { root } from './shared.js'

const folder = path.join(root, 'results', 'published')
const notebooks = readdirSync(path.join(root, 'notebooks')).filter((name) => name.endsWith('.ipynb'))
const claims = publishedClaims(folder)

test('every published claim has its verdict, the one that its notebook expects, over five seeds at pocket scale and three at lab scale', () => {
  for (const { source, claim, scale, seeds, verdict, expected } of claims) {
    assert.equal(verdict, expected, `${source}: ${claim}`)
    assert.ok(seeds >= (scale === 'pocket' ? 5 : 3), `${source}: ${claim}`)
  }
})

for (const source of new Set(claims.map((claim) => claim.source)))
  test(`the published claims of ${source} are those that the committed notebook shows`, () => {
    const name = notebooks.find((each) => each.startsWith(source.slice(0, 3)))
    assert.ok(name, `a notebook ${source.slice(0, 2)}`)
    const text = readFileSync(path.join(root, 'notebooks', name), 'utf8')
    for (const { claim, difference, low, high } of claims.filter((each) => each.source === source)) {
      assert.ok(text.includes(claim), claim)
      const half = low === null || high === null ? null : (high - low) / 2
      const shown = plusMinus(difference, half).replace('-', '−')
      assert.ok(text.includes(shown), `${claim}: ${shown}`)
    }
  })

test('published runs are undamaged, finished, and name nobody’s folders', async () => {
  const { runs, damaged } = listRuns(folder)
  assert.deepEqual(damaged, [])
  assert.ok(runs.every(({ state }) => state === 'finished'))
  const found = await verifyThings([folder], { results: folder, onProgress: () => {} })
  assert.deepEqual(
    found.flatMap(({ faults }) => faults),
    [],
  )
  for (const { dir } of runs)
    assert.doesNotMatch(readFileSync(path.join(dir, 'provenance.json'), 'utf8'), /"\/(home|tmp|root|work)\//)
})

test('each sweep file at lab scale asks for the runs of a published plan', async () => {
  const asked = (inputs: readonly object[]): string[] => inputs.map(canonicalJson).sort()
  const plans = listPlans(folder).map((name) => asked(readPlan(name, folder).runs.map((run) => run.asked)))
  const files = readdirSync(path.join(folder, 'lab')).filter((name) => name.endsWith('.ts'))
  assert.ok(files.length > 0)
  for (const file of files) {
    const { base, grid } = await loadSweepFile(path.join(folder, 'lab', file))
    const own = asked(expandGrid(base, grid).map(({ input }) => askedConfig(input)))
    assert.ok(
      plans.some((plan) => isDeepStrictEqual(plan, own)),
      file,
    )
  }
})

test('the README has the table of the paper that the published claims give (notebook 15 prints it)', () => {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8')
  const [, between] = /<!-- paper-table -->\n([\s\S]*?)<!-- \/paper-table -->/.exec(readme) ?? []
  assert.equal(between, toMarkdown(paperTable(claims).measured.summary()))
})
