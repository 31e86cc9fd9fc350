import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { unprintableIn } from '../../lib/escape/visible.js'
import { logOf } from '../../lib/experiment/slurm/places.js'
import { readPlan, writePlan } from '../../lib/experiment/sweep/plan.js'
import { planSweep } from '../../lib/experiment/sweep/plan-sweep.js'
import { sudoku } from '../../lib/tasks/sudoku/build.js'
import { temporaryFolder } from '../results/fixture.js'
import { trials } from '../trials.js'
import { storeHostileRun } from './stored.js'
import { honestTexts, terminalTexts } from './texts.js'

const folder = temporaryFolder()
const texts = [...terminalTexts, ...honestTexts]

/** Every command that prints texts of a results folder, of files, or of its own words. */
const COMMANDS: Readonly<Record<string, (text: string, results: string) => string[]>> = {
  runs: (_, results) => ['runs', `out=${results}`],
  'runs --all': (_, results) => ['runs', '--all', `out=${results}`],
  'runs --summary': (_, results) => ['runs', '--summary', `out=${results}`],
  'runs --json': (_, results) => ['runs', '--json', `out=${results}`],
  'runs --summary --markdown': (_, results) => ['runs', '--summary', '--markdown', `out=${results}`],
  'runs RUN': (text, results) => ['runs', text, `out=${results}`],
  'runs name=': (text, results) => ['runs', `name=${text}`, `out=${results}`],
  'runs sort=': (text, results) => ['runs', `sort=${text}`, `out=${results}`],
  'report RUN': (text, results) => ['report', text, `results=${results}`],
  'a command': (text) => [text],
  'an option': (text) => ['runs', `--x${text}`],
  explain: (text) => ['explain', text],
  'train PRESET': (text) => ['train', text],
  'eval FILE': (text) => ['eval', text],
  'run NOTEBOOK': (_, results) => ['run', path.join(results, 'bad.ipynb')],
  'data info DIR': (_, results) => ['data', 'info', fileOf(results)],
  'weights FILE': (_, results) => ['weights', fileOf(results)],
  'sweep status': (_, results) => ['sweep', 'status', 'hostile', `out=${results}`],
  'sweep logs': (_, results) => ['sweep', 'logs', 'hostile', `out=${results}`],
  'sweep list': (_, results) => ['sweep', 'list', `out=${results}`],
  'reported method=': (text) => ['reported', `method=${text}`],
}

const fileOf = (results: string): string => path.join(results, 'file')

const cases = texts.flatMap((text, i) =>
  Object.keys(COMMANDS).map((command) => ({ text, command, results: path.join(folder, String(i)) })),
)

/** The output of each case, once all of them have run in one process. */
let outputs: Promise<readonly string[]> | null = null

async function run(): Promise<readonly string[]> {
  const data = await sudoku({ box: '2x2', clues: 8, train: 2, test: 2 })
  for (const [i, text] of texts.entries()) {
    const results = path.join(folder, String(i))
    for (const mixer of ['mlp', 'own'] as const) storeHostileRun(text, mixer, data, results)
    const planned = await planSweep({ hidden: 8, heads: 2 }, { seed: [0, 1] }, data, {
      resultsDir: results,
      planDir: path.join(results, 'sweeps', 'hostile'),
    })
    planned.store()
    const plan = readPlan('hostile', results)
    writePlan({ ...plan, label: { name: text, note: text, tags: [text] } })
    mkdirSync(path.dirname(logOf(plan, 0)), { recursive: true })
    writeFileSync(logOf(plan, 0), `${text}\n`)
    writeFileSync(fileOf(results), text)
    writeFileSync(path.join(results, 'bad.ipynb'), JSON.stringify({ [text]: text, cells: text }))
  }
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'commands-child.mjs')], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const printed: [string, string] = ['', '']
  for (const [i, stream] of [child.stdout, child.stderr].entries())
    stream.setEncoding('utf8').on('data', (chunk: string) => (printed[i] += chunk))
  child.stdin.end(
    JSON.stringify(cases.map(({ text, command, results }) => COMMANDS[command]!(text.replaceAll('\0', ''), results))),
  )
  const code = await new Promise((resolve) => child.on('close', resolve))
  assert.equal(code, 0, printed[1].slice(-2000))
  const [out, err] = printed.map((text) => text.split(/\n@@ \d+ \d+\n/))
  return cases.map((_, i) => `${out![i]}\n${err![i]}`)
}

test(
  ...trials(
    'no command lets a terminal obey a text of a run, a file or its own words, or prints a stack',
    { cases, sample: cases.length },
    async ({ text, command }, { index }) => {
      outputs ??= run()
      const output = (await outputs)[index]!
      const bad = unprintableIn(output.replaceAll('\n', '').replaceAll('\t', ''))
      assert.equal(bad, null, `${command}, ${JSON.stringify(text)}: ${JSON.stringify(output.slice(0, 600))}`)
      // A log has lines of its own.
      if (command !== 'sweep logs')
        assert.doesNotMatch(output, /^recurlab: forged/m, `${command}, ${JSON.stringify(text)}: a line of its own`)
      assert.doesNotMatch(output, /internal error|\n\s+at /, `${command}, ${JSON.stringify(text)}`)
      if (honestTexts.includes(text) && command === 'a command') assert.ok(output.includes(text), output)
    },
  ),
)
