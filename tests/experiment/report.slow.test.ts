import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { execute } from '../../lib/cli/main.js'
import { effectiveConfig } from '../../lib/config/effective.js'
import { parseConfig } from '../../lib/config/parse.js'
import type { Config, ConfigInput } from '../../lib/config/schema.js'
import { UserError } from '../../lib/errors.js'
import { outcomesTable } from '../../lib/evaluate/outcomes.js'
import { datasetOf } from '../../lib/experiment/data/dataset.js'
import { reportHtml, writeReport } from '../../lib/experiment/report/report.js'
import { subjectOfRuns } from '../../lib/experiment/report/subject.js'
import { Runs } from '../../lib/index.js'
import type { LabelOptions } from '../../lib/results/label.js'
import { createRun } from '../../lib/results/run.js'
import { recurlab } from '../recurlab.js'
import { temporaryFolder } from '../results/fixture.js'

const base: ConfigInput = { task: 'sudoku', box: '2x2', clues: 8, trainPuzzles: 2, testPuzzles: 4, hidden: 8, heads: 2 }
const configOf = (input: ConfigInput): Config => effectiveConfig(parseConfig({ ...base, ...input }))
const data = await datasetOf(configOf({}))

/** A stored run of four puzzles, of which it solves the first `solved`. */
function store(resultsDir: string, input: ConfigInput, solved: number, label: LabelOptions = {}): string {
  const config = configOf(input)
  const code = { commit: 'c0ffee0123456789', hash: 'abc', files: { 'lib/train/step.ts': '1' }, changed: [] }
  const provenance = { dataHash: data.hash, recurlab: '9.9.9', command: ['/home/ann/recurlab.mjs', 'train'], code }
  const run = createRun({ resultsDir, config, provenance, trainSteps: 20, parameters: 77, label })
  run.logMetrics({ step: 10, 'train.loss': 2, trainSeconds: 1 })
  for (const step of [10, 20])
    run.logEvaluation({ step, 'test.exact': (solved / 4) * (step / 20), 'test.cells': 0.5, puzzles: 4, scored: 4 })
  const { labels, seqLen } = data.test
  const outcomes = [0, 1, 2, 3].map((puzzle) => {
    const prediction = labels.slice(puzzle * seqLen, (puzzle + 1) * seqLen)
    const exact = puzzle < solved
    if (!exact) prediction[0] = prediction[0] === 2 ? 3 : 2
    const { cells, version, identifier } = { cells: exact ? 1 : 15 / 16, version: 0, identifier: data.manifest.blankId }
    return { puzzle, version, identifier, supervisionSteps: 2, cells, exact, haltProbability: 0.5, prediction }
  })
  run.writeOutcomes(outcomesTable(outcomes, data, 'test'))
  run.finish('finished')
  return run.id
}

/** Two mixers on three seeds. */
function storeMixers(resultsDir: string): string[] {
  return (['mlp', 'attention'] as const).flatMap((mixer, arm) =>
    [0, 1, 2].map((seed) => store(resultsDir, { mixer, seed }, arm === 0 ? (seed === 1 ? 4 : 3) : 0)),
  )
}

const count = (html: string, pattern: RegExp): number => html.match(pattern)?.length ?? 0

test('a report of runs is one page with tables, drawings and provenance, without scripts and without a network', async () => {
  const resultsDir = temporaryFolder()
  const ids = storeMixers(resultsDir)
  const html = await reportHtml(subjectOfRuns(ids, resultsDir), { question: 'Does attention help?' })
  assert.match(html, /<h1>6 runs<\/h1>\n<p class="question">Does attention help\?<\/p>/)
  const sections = [...html.matchAll(/<section id="([a-z]+)">/g)].map(([, id]) => id)
  assert.deepEqual(sections, [
    'coverage',
    'configuration',
    'curves',
    'results',
    'verdicts',
    'figures',
    'puzzles',
    'provenance',
  ])
  assert.match(html, /<p>6 runs: 6 finished\.<\/p>/)
  assert.match(html, /<td>mlp<\/td><td class="n">3<\/td><td class="n"><b>83 ± 36<\/b><\/td>/)
  assert.match(html, /<p class="answer">mlp better by 83 ± 36 points, 3 seeds/)
  assert.match(html, /<dt>git commit<\/dt><dd>c0ffee012345<\/dd>/)
  assert.match(html, /<dt>command<\/dt><dd>recurlab train<\/dd>/)
  for (const id of ids) assert.ok(html.includes(`<td>${id}</td>`), id)
  // Curves of three metrics and bars, then puzzles: mlp, seed 0, 2 solved and 1 failed; attention, 2 failed.
  assert.equal(count(html, /<svg class="main-svg"/g) >= 4, true)
  assert.equal(count(html, /<figcaption>Solved: test\//g), 2)
  assert.equal(count(html, /<figcaption>Failed: test\//g), 3)
  assert.doesNotMatch(html, /<script|<link|@import|src=|url\((?!data:|#)|\/home\/ann/)
  assert.doesNotMatch(html.replace(/https?:\/\/www\.w3\.org\/[\w/]+/g, ''), /https?:/)
  assert.match(html, /@font-face\{font-family:Arimo;/)
  assert.match(html, /@media print/)
  assert.match(html, /prefers-color-scheme: dark/)
  assert.equal(await reportHtml(subjectOfRuns(ids, resultsDir), { question: 'Does attention help?' }), html)
})

test('names with HTML in a report are text', async () => {
  const resultsDir = temporaryFolder()
  const note = 'Is <script>alert(1)</script> & </title> better?'
  const id = store(resultsDir, {}, 2, { name: '<img src=x onerror=alert(1)>', note })
  const html = await reportHtml(subjectOfRuns([id], resultsDir), { puzzles: 0 })
  assert.ok(html.includes('<h1>&lt;img src=x onerror=alert(1)&gt;</h1>'))
  assert.ok(html.includes('Is &lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;/title&gt; better?'))
  assert.doesNotMatch(html, /<script|<img/)
})

test('a report names a damaged run and puzzles that cannot be drawn, and shows the others', async () => {
  const resultsDir = temporaryFolder()
  const [sound, damaged, moved] = [
    store(resultsDir, {}, 1),
    store(resultsDir, { seed: 1 }, 1),
    store(resultsDir, { clues: 9, seed: 2 }, 4),
  ]
  writeFileSync(path.join(resultsDir, 'runs', damaged!, 'evaluations.arrow'), 'no table')
  const subject = subjectOfRuns([sound!, damaged!, moved!], resultsDir)
  assert.deepEqual(
    subject.damaged.map(({ id }) => id),
    [damaged],
  )
  const html = await reportHtml(subject)
  assert.match(html, new RegExp(`<li>Run ${damaged} cannot be read: .*evaluations\\.arrow`))
  assert.match(html, /<p class="missing">the data set of run .*: expected the one that it was evaluated on/)
  assert.match(html, /<figcaption>Solved: test\/0/)
})

test('500 configurations have a row each, and figures of the ten best', async () => {
  const resultsDir = temporaryFolder()
  const [run] = subjectOfRuns([store(resultsDir, {}, 1)], resultsDir).runs.all
  const many = Array.from({ length: 500 }, (_, i) => ({
    ...run!,
    id: `run-${i}`,
    config: { ...run!.config, lr: 1e-3 + i * 1e-6 },
  }))
  const html = await reportHtml({ title: 'many', question: null, runs: new Runs(many), coverage: null, damaged: [] })
  assert.equal(count(html.split('<section id="results">')[1]!.split('<table>')[1]!.split('</table>')[0]!, /<tr>/g), 501)
  assert.match(html, /The 10 best of 500 configurations by exact accuracy \(%\)\./)
  assert.match(html, /400 more runs are not listed\./)
})

test('runs without an evaluation give a report that says so', async () => {
  const resultsDir = temporaryFolder()
  const run = createRun({ resultsDir, config: configOf({}), provenance: {}, trainSteps: 20 })
  run.finish('interrupted')
  const html = await reportHtml(subjectOfRuns([run.id], resultsDir))
  assert.match(html, /1 run: 1 interrupted\./)
  assert.equal(count(html, /No run has been evaluated yet\./g), 5)
})

test('a report is written as HTML only, into a folder that is made', async () => {
  const resultsDir = temporaryFolder()
  const { runs } = subjectOfRuns([store(resultsDir, {}, 1)], resultsDir)
  await assert.rejects(
    writeReport(runs, path.join(resultsDir, 'x.pdf')),
    /expected a name that ends in \.html, found \.pdf/,
  )
  const file = path.join(resultsDir, 'new', 'folder', 'x.html')
  assert.equal(await writeReport(runs, file, { puzzles: 0 }), file)
  assert.match(readFileSync(file, 'utf8'), /^<!doctype html>/)
})

test('recurlab report writes a report of runs by prefix or filter, and refuses what is not there', async () => {
  const results = temporaryFolder()
  const [id] = storeMixers(results)
  const file = path.join(results, 'mlp.html')
  const filtered = await recurlab(['report', 'mixer=mlp', `results=${results}`, `--out=${file}`, 'puzzles=0'])
  assert.equal(filtered.stdout, `${file}: written, 3 runs\n`)
  assert.equal(filtered.code, 0)
  await execute(['report', id!, `results=${results}`, 'puzzles=0'])
  assert.ok(existsSync(path.join(results, 'reports', `${id}.html`)))
  const wrong: [words: string[], message: RegExp][] = [
    [['nosuch'], /expected a run "nosuch"/],
    [['mixer=mlp', 'seed=9'], /expected at least one run as asked, found none/],
    [[], /expected runs, one sweep, or KEY=VALUE, found none/],
    [[id!, 'mixer=mlp'], /expected either runs or KEY=VALUE/],
    [[id!, 'out=x.pdf'], /expected a name that ends in \.html, found \.pdf/],
    [[id!, 'qestion=x'], /question/],
  ]
  for (const [words, message] of wrong)
    await assert.rejects(execute(['report', ...words, `results=${results}`]), (error) => {
      assert.ok(error instanceof UserError && error.exitCode === 2)
      assert.match(error.message, message)
      return true
    })
})
