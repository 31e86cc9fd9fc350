import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readLabel } from '../../lib/results/label.js'
import { openRun } from '../../lib/results/run.js'
import { displayWidth } from '../../lib/results/text-width.js'
import { newRun, temporaryFolder } from './fixture.js'

const program = fileURLToPath(new URL('../../lib/cli/recurlab.mjs', import.meta.url))

/** Runs a command line as a user does. */
function recurlab(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...argv], (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err })
    })
  })
}

test('without runs it says how to make one', async () => {
  const folder = temporaryFolder()
  const { code, out } = await recurlab('runs', `out=${folder}`)
  assert.equal(code, 0)
  assert.match(out, /^No runs in .*\. Make one: recurlab train sudoku-pocket out=/)
  assert.equal((await recurlab('runs', '--json', `out=${folder}`)).out, '[]\n')
})

test('runs are compared by what differs, chosen by the beginning of an ID, printed as JSON', async () => {
  const folder = temporaryFolder()
  const runs = ['mlp', 'attention'].map((mixer) => newRun(folder, { mixer, lr: 1 }))
  runs.forEach((run, i) => {
    run.logEvaluation({ step: 3, 'test.exact': i / 3 })
    run.finish('finished')
  })
  // Wide: how many columns fit into 100 depends on how far the random IDs must be written out.
  process.env.COLUMNS = '120'
  const { code, out } = await recurlab('runs', `out=${folder}`).finally(() => delete process.env.COLUMNS)
  assert.equal(code, 0)
  assert.match(out, /^id +state +exact\b.* cell\b.* step +training \(s\) +mixer\n/)
  assert.match(out, /finished +33\.3 +– +3 +– +attention/)
  const chosen = await recurlab('runs', runs[1]!.id, '--json', `out=${folder}`)
  const [row, ...more] = JSON.parse(chosen.out) as Record<string, unknown>[]
  assert.equal(row?.id, runs[1]!.id)
  assert.equal(row['test.exact'], 1 / 3)
  assert.equal(more.length, 0)
})

test('an unknown run is one error and wrong use', async () => {
  const folder = temporaryFolder()
  const { id } = newRun(folder)
  const { code, out, err } = await recurlab('runs', 'nosuch', `out=${folder}`)
  assert.equal(code, 2)
  assert.equal(out, '')
  assert.match(err, new RegExp(`^recurlab: .*expected a run "nosuch", found ${id}\\. .*\\n$`))
})

test('a misspelt key names the right one', async () => {
  const { code, err } = await recurlab('runs', 'ouf=x')
  assert.equal(code, 2)
  assert.match(err, /out/)
})

test('damaged runs are named, the others shown, and the command fails', async () => {
  const folder = temporaryFolder()
  const whole = newRun(folder)
  const [noConfig, noRows] = [newRun(folder), newRun(folder)]
  rmSync(path.join(noConfig.dir, 'config.json'))
  writeFileSync(path.join(noRows.dir, 'evaluations.arrow'), 'ARROW1 and nothing')
  const { code, out, err } = await recurlab('runs', `out=${folder}`)
  assert.equal(code, 1)
  assert.ok(whole.id.startsWith(rowsOf(out)[0]!), out)
  for (const { id } of [noConfig, noRows]) assert.match(err, new RegExp(`run ${id} cannot be read: `))
  assert.equal(err.trim().split('\n').length, 2)
})

/** The first cells of a table. */
function rowsOf(out: string): string[] {
  const lines = out.split('\n')
  const body = lines.slice(lines.findIndex((line) => line.startsWith('─')) + 1)
  return body.slice(0, body.indexOf('')).map((line) => line.split(' ')[0]!)
}

/** Runs that differ in many keys, with results. */
function manyRuns(folder: string): string[] {
  return ['mlp', 'attention', 'mlp'].map((mixer, i) => {
    const config = {
      task: 'sudoku',
      mixer,
      lr: 10 ** -i,
      hidden: 2 ** i,
      batch: i,
      seed: i,
      warmup: i,
      layers: i,
      heads: i,
    }
    const run = newRun(folder, { ...config, optimizer: `a-name-of-some-length-${i}`, preset: undefined })
    run.logEvaluation({ step: 100 + i, 'test.exact': [0.5, 0.915, 0.7][i]!, 'test.cells': 0.25, trainSeconds: 12.34 })
    run.finish('finished')
    return run.id
  })
}

test('the table fits 100 columns with the results first; what does not fit is named, and --all shows it', async () => {
  const folder = temporaryFolder()
  manyRuns(folder)
  const { out } = await recurlab('runs', `out=${folder}`)
  for (const line of out.split('\n')) assert.ok(displayWidth(line) <= 100, line)
  assert.match(out, /^id +state +exact\b.* cell\b.* step +training\b.* mixer +hidden\n/)
  assert.match(out, /Not shown: .*optimizer.*--all shows every\s+column\./s)
  const whole = await recurlab('runs', '--all', `out=${folder}`)
  assert.match(whole.out, /a-name-of-some-length-2/)
  assert.match(whole.out, /parameters/)
  const [row] = JSON.parse((await recurlab('runs', '--json', `out=${folder}`)).out) as Record<string, unknown>[]
  assert.equal(
    row!['test.exact'],
    { mlp: [0.5, 0.7], attention: [0.915] }[String(row!.mixer)]?.[row!.seed === 2 ? 1 : 0],
  )
  assert.equal((row!.config as { heads: number }).heads, row!.seed)
})

test('an ID is shown as short as it can be copied: what the table says names the run, whatever is beside it', async () => {
  const folder = temporaryFolder()
  const ids = manyRuns(folder)
  const { out } = await recurlab('runs', `out=${folder}`)
  const shown = rowsOf(out)
  for (const [i, id] of shown.entries()) {
    assert.ok(ids.includes(openRun(id, folder).id))
    const shorter = id.slice(0, -1)
    assert.ok(id.length === 15 || ids.filter((other) => other.startsWith(shorter)).length > 1, `${id} of ${i}`)
  }
})

test('runs are chosen by a key of the configuration and by their state, and sorted by any column', async () => {
  const folder = temporaryFolder()
  const ids = manyRuns(folder)
  newRun(folder, { mixer: 'mlp', lr: 3 }).finish('interrupted')
  const chosen = async (...args: string[]): Promise<number[]> => {
    const { out, err, code } = await recurlab('runs', ...args, '--json', `out=${folder}`)
    assert.equal(code, 0, err)
    return (JSON.parse(out) as { id: string }[]).map(({ id }) => ids.indexOf(id))
  }
  assert.deepEqual((await chosen('mixer=mlp', 'state=finished')).sort(), [0, 2])
  assert.deepEqual(await chosen('lr=1e-1'), [1])
  assert.deepEqual(await chosen('sort=-test.exact'), [1, 2, 0, -1], 'a run without the value comes last')
  assert.deepEqual(await chosen('sort=test.exact'), [0, 2, 1, -1])
  assert.deepEqual(await chosen('sort=lr,desc', 'state=finished'), [0, 1, 2])
  assert.equal((await chosen('last=2')).length, 2)
  const none = await recurlab('runs', 'mixer=mlp', 'lr=7', `out=${folder}`)
  assert.deepEqual([none.code, none.out], [0, `None of the 4 runs in ${folder} is as asked.\n`])
})

test('a name, a note and tags are given to a run later, shown, searched by, and taken away; nothing else changes', async () => {
  const folder = temporaryFolder()
  const [id = '', other = ''] = manyRuns(folder)
  const files = (): string[] => readdirSync(path.join(folder, 'runs', id)).filter((name) => name !== 'label.json')
  const before = files().map((name) => readFileSync(path.join(folder, 'runs', id, name), 'hex'))
  const run = (...args: string[]) => recurlab('runs', ...args, `out=${folder}`)
  const named = await run(id, 'name=Wide net, long', 'note=see fig. 3', 'tags=paper,fig3')
  assert.equal(named.code, 0, named.err)
  // The shortest unique IDs are longer at times, and the name then takes two lines.
  assert.match(named.out, /^id +state +name .*\n(.*\n)+.* Wide net,\s+(\S+\s+){0,4}long\s/)
  assert.match((await run('tag=FIG3', '--json')).out, new RegExp(`^\\[\\{"id":"${id}"`))
  assert.match((await run('name=wide', '--json')).out, /"tags":\["paper","fig3"\].*"note":"see fig\. 3"|"note".*"tags"/)
  assert.doesNotMatch((await run('note=fig', '--json')).out, new RegExp(other))
  await run(id, 'note=null', 'tags=x')
  assert.deepEqual(readLabel(openRun(path.join(folder, 'runs', id))), {
    name: 'Wide net, long',
    note: null,
    tags: ['x'],
  })
  assert.deepEqual(
    files().map((name) => readFileSync(path.join(folder, 'runs', id, name), 'hex')),
    before,
  )
})

test('runs are summarised over seeds and compared, as text and as JSON, by the numbers of a notebook', async () => {
  const folder = temporaryFolder()
  const exact = { mlp: [0.977, 0.943, 0.977], attention: [0.007, 0.013, 0.003] }
  for (const [mixer, values] of Object.entries(exact))
    for (const [seed, value] of values.entries()) {
      const run = newRun(folder, { task: 'sudoku', mixer, seed })
      run.logEvaluation({ step: 3, 'test.exact': value, 'test.cells': 0.5, puzzles: 300, scored: 300 })
      run.finish('finished')
    }
  const summary = await recurlab('runs', '--summary', `out=${folder}`)
  assert.equal(summary.code, 0, summary.err)
  assert.match(summary.out, /mlp +3 +96\.6 ± 4\.9 +2\.0 +91\.7 to 101\.4 +t, 3 seeds +96\.6 ± 4\.9 +869 +900\n/)
  assert.match(summary.out, /Mean ± half of the 95 % interval of exact accuracy at the last evaluation/)
  const { rows, unit } = JSON.parse((await recurlab('runs', '--summary', '--json', `out=${folder}`)).out)
  assert.deepEqual([unit, rows[0].label, rows[0].n, rows[0].counted.of], ['%', 'mlp', 3, 900])
  const latex = await recurlab('runs', '--summary', '--latex', `out=${folder}`)
  assert.match(latex.out, /mlp & \\num\{3\} & \\textbf\{\\num\{96\.6 \\pm 4\.9\}\}/)
  const compared = await recurlab('runs', '--compare', 'mlp,mixer=attention', `out=${folder}`)
  assert.equal(compared.code, 0, compared.err)
  const [verdict] = compared.out.split('\n')
  assert.match(verdict!, /^mlp better by 95\.8 ± 6\.0 points, 3 seeds/)
  assert.match(compared.out, /paired t\(2\) = 68\.2, p < 0\.001[\s\S]*Warning: 3 pairs: few/)
  const json = JSON.parse((await recurlab('runs', '--compare', 'mlp,attention', '--json', `out=${folder}`)).out)
  assert.deepEqual([json.better, json.difference.test, json.warnings.length], ['a', 'paired t', 1])
})

const wrong: [string, string[], RegExp][] = [
  ['a filter by a value that no run can have', ['mixer=atention'], /key mixer: .*Did you mean mixer=attention\?/],
  ['an unknown state', ['state=finnished'], /Did you mean state=finished\?/],
  ['an unknown key', ['mixr=mlp'], /Did you mean mixer\?/],
  ['a column that is not there', ['sort=test.exakt'], /found test\.exakt\. Did you mean test\.exact\?/],
  ['a count that is none', ['last=0'], /last=N, a whole number of 1 or more, found 0/],
  ['tags for no run', ['tags=a'], /expected a run before tags=/],
  [
    'an empty name',
    ['ID', 'name=  '],
    /key name: expected a text of 1 to 80 characters on one line, found an empty one/,
  ],
  ['a name that is too long', ['ID', `name=${'x'.repeat(81)}`], /found 81\./],
  ['a name with a control character', ['ID', 'name=a\u001b[31m'], /found the character U\+001B/],
  ['a name that turns the text after it round', ['ID', 'name=a\u202eb'], /found the character U\+202E/],
  ['an empty tag', ['ID', 'tags=a,,b'], /key tags: .*found an empty one/],
  ['a filter beside a name', ['ID', 'name=x', 'mixer=mlp'], /only name=, note= and tags= after a run, found mixer=/],
  [
    'a summary of an unknown metric',
    ['--summary', 'metric=test.exakt'],
    /expected a run with an evaluation, found none/,
  ],
  ['a comparison with one side', ['--compare', 'mlp'], /--compare A,B, two labels of configurations, found mlp/],
  ['a comparison of unknown labels', ['--compare', 'mlp,attention'], /a: expected the label of a configuration/],
  ['a summary and a comparison', ['--summary', '--compare', 'a,b'], /--summary or --compare, found both/],
  ['a metric without either', ['metric=test.exact'], /--summary or --compare beside metric=, found neither/],
  ['a misspelt ID', ['WRONG'], /Did you mean \d{8}-\d{6}/],
]
for (const [what, args, message] of wrong)
  test(`${what} is one line and exit code 2, and nothing is written`, async () => {
    const folder = temporaryFolder()
    const { id, dir } = newRun(folder, { mixer: 'mlp' })
    const misspelt = `${id.slice(0, 13)}x${id.slice(14, 15)}`
    const given = args.map((arg) => (arg === 'ID' ? id : arg === 'WRONG' ? misspelt : arg))
    const { code, out, err } = await recurlab('runs', ...given, `out=${folder}`)
    assert.equal(code, 2, err)
    assert.match(err, message)
    assert.deepEqual([out, err.trim().split('\n').length, existsSync(path.join(dir, 'label.json'))], ['', 1, false])
  })

test('a damaged label is named and does not hide the other runs; a new name replaces it', async () => {
  const folder = temporaryFolder()
  const [id = '', other = ''] = manyRuns(folder)
  writeFileSync(path.join(folder, 'runs', id, 'label.json'), '{"formatVersion":1,"name":7}')
  const { code, out, err } = await recurlab('runs', `out=${folder}`, '--json')
  assert.equal(code, 1)
  assert.match(err, new RegExp(`run ${id} cannot be read: .*label\\.json: expected a run's name, note and tags`))
  assert.match(out, new RegExp(other))
  assert.equal((await recurlab('runs', id, 'name=mended', `out=${folder}`)).code, 0)
  assert.equal(readLabel(openRun(path.join(folder, 'runs', id))).name, 'mended')
})

test('runs are chosen by several values of a key, by their age and by what ended them', async () => {
  const folder = temporaryFolder()
  const [first, second, third] = [0, 1, 2].map((seed) => newRun(folder, { seed }))
  first!.finish('finished')
  second!.finish('finished', undefined, 'patience')
  const found = async (...args: string[]): Promise<unknown[]> => {
    const { out } = await recurlab('runs', ...args, '--json', `out=${folder}`)
    return (JSON.parse(out) as { id: string }[]).map(({ id }) => id).sort()
  }
  assert.deepEqual(await found('seed=0..1', 'since=1h'), [first!.id, second!.id].sort())
  assert.deepEqual(await found('seed=0,2', 'ended=null'), [third!.id])
  assert.deepEqual(await found('ended=patience', 'before=2999-01-01'), [second!.id])
  const { code, out, err } = await recurlab('runs', 'since=yesterday-ish', `out=${folder}`)
  assert.equal(code, 2)
  assert.equal(out, '')
  assert.match(err, /^recurlab: field since: expected an age .* found "yesterday-ish"\.\n$/)
})
