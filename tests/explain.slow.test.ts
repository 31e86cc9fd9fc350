import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { keyExamples } from '../lib/config/key-examples.js'
import { configFromText, parseConfig } from '../lib/config/parse.js'
import type { ConfigKey } from '../lib/config/schema.js'
import { metricEntry, metricGlossary } from '../lib/evaluate/metric-glossary.js'
import { isShare } from '../lib/evaluate/metric-names.js'
import { loadRun } from '../lib/index.js'
import { displayWidth } from '../lib/results/text-width.js'
import { checkDataKeys } from '../lib/tasks/data-keys.js'
import { glossary } from '../lib/tasks/glossary.js'
import { preset, presets } from '../lib/tasks/presets.js'
import { taskNames } from '../lib/tasks/registry.js'
import { recurlab } from './recurlab.js'
import { temporaryFolder } from './results/fixture.js'

test('a key is explained with its type, default, symbol, published name, presets and an example', async () => {
  const { code, stdout } = await recurlab(['explain', 'K', 'mixer'])
  assert.equal(code, 0)
  assert.match(stdout, /^K, a key of the configuration \(model\):\n/)
  for (const line of [
    /Takes +a whole number from 1 to 100000\./,
    /Default +8\./,
    /In the paper +N_sup\./,
    /Published code +halt_max_steps\./,
    /Presets +4: sudoku-6x6-pocket, queens-pocket; 8: sudoku-lab; 16:\s+sudoku-paper/,
    /Example +npx recurlab train sudoku-pocket K=16/,
    /Takes +mlp, attention\./,
  ])
    assert.match(stdout, line)
})

test('a key is found by its symbol in the paper and by its name in the published code', async () => {
  const [symbol, published] = await Promise.all([
    recurlab(['explain', 'N_sup']),
    recurlab(['explain', 'halt_max_steps']),
  ])
  assert.match(symbol.stdout, /^K, a key/)
  assert.equal(published.stdout, symbol.stdout)
})

test('a metric is explained; a name that is a key and a metric is both', async () => {
  const { stdout } = await recurlab(['explain', 'test.pass@2', 'lr'])
  assert.match(stdout, /^test\.pass@k, a metric of evaluations:/)
  assert.match(stdout, /\nlr, a key of the configuration/)
  assert.match(stdout, /\nlr, a metric of training/)
})

test('a preset is explained by its configuration beside the defaults', async () => {
  const { stdout } = await recurlab(['explain', 'sudoku-lab'])
  assert.match(stdout, /key +sudoku-lab +default +meaning/)
  assert.match(stdout, /hidden +128 +64 +Hidden size\./)
  assert.match(stdout, /The other keys have their defaults: .*mixer=mlp/s)
  const json = await recurlab(['explain', 'sudoku-lab', '--json'])
  const [{ config, set }] = JSON.parse(json.stdout) as [{ config: object; set: object }]
  // A preset's recursion is marked by a symbol, which JSON leaves out.
  const printed = (value: object): unknown => JSON.parse(JSON.stringify(value))
  assert.deepEqual(config, printed(parseConfig(preset('sudoku-lab'))))
  assert.deepEqual(set, printed(presets['sudoku-lab']!.config))
})

test('without a name the whole glossary is printed in groups, within the width, as JSON too', async () => {
  const [plain, json] = await Promise.all([
    recurlab(['explain'], { env: { COLUMNS: '80' } }),
    recurlab(['explain', '--json']),
  ])
  assert.equal(plain.code, 0)
  for (const title of ['Data:', 'Model:', 'Training:', 'Evaluation:', 'Metrics:', 'Presets:'])
    assert.ok(plain.stdout.includes(`\n${title}\n`))
  for (const line of plain.stdout.split('\n')) assert.ok(displayWidth(line) <= 80, line)
  for (const { key } of glossary()) assert.match(plain.stdout, new RegExp(`^  ${key}=`, 'm'))
  const facts = JSON.parse(json.stdout) as { kind: string }[]
  assert.equal(facts.length, glossary().length + metricGlossary.length + Object.keys(presets).length)
})

test('every key has an example that is a right configuration and sets it to something else than its default', () => {
  for (const { key, default: standard } of glossary()) {
    const [name, ...pairs] = keyExamples[key].split(' ')
    // As a shell reads it: a comparison is quoted.
    const texts = new Map(
      pairs.map((pair) => {
        const [, name, value] = /^(\w+)=(.*)$/.exec(pair.replaceAll("'", ''))!
        return [name!, value!] as const
      }),
    )
    // A data set has its own keys of generated puzzles.
    const config = parseConfig(preset(name!, configFromText(texts)))
    checkDataKeys(config)
    assert.notEqual(String(config[key as ConfigKey]), standard, key)
    assert.ok(texts.has(key), key)
  }
})

test('what the glossary calls a share is shown as one', () => {
  for (const { metric, unit } of metricGlossary)
    assert.equal(isShare(metric.replace('@k', '@2')), unit === 'share', metric)
})

test('every column of a run is explained', async () => {
  const out = temporaryFolder()
  const tiny = ['T=1', 'n=1', 'hidden=16', 'batch=4', 'trainSteps=2', 'evalEvery=2', 'K=2']
  const sizes = ['trainPuzzles=4', 'testPuzzles=4', 'evalBatch=4']
  const arc = [...tiny, 'trainPuzzles=2', 'testPuzzles=2', 'versions=2', 'evalBatch=4', 'carryVotes=true']
  for (const args of [
    ['sudoku-pocket', ...tiny, ...sizes, 'halting=continue'],
    ['arc-pocket', ...arc],
  ]) {
    const { code, stderr } = await recurlab(['train', ...args, `out=${out}`])
    assert.equal(code, 0, stderr)
  }
  const ids = readdirSync(path.join(out, 'runs'))
  assert.equal(ids.length, 2)
  for (const id of ids) {
    const { metrics, evaluations } = loadRun(id, out)
    for (const row of [...metrics, ...evaluations])
      for (const column of Object.keys(row)) assert.ok(metricEntry(column), `${column} is in the glossary of metrics`)
  }
})

test('explain names the tasks that the registry knows, and those that a key of generated data is an option of', async () => {
  const { stdout } = await recurlab(['explain', 'task', 'size'])
  assert.match(stdout, new RegExp(`Takes +${taskNames().join(', ')}\\.`))
  assert.match(stdout, /Tasks +maze, arc/)
})
