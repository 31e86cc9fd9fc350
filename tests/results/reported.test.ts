import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { tableFromIPC, tableToIPC } from 'apache-arrow'
import { command } from '../../lib/cli/commands/reported.js'
import { UserError } from '../../lib/errors.js'
import type { Row } from '../../lib/files/arrow-rows.js'
import { rowsOfTable } from '../../lib/files/arrow-rows.js'
import { lineFigure } from '../../lib/plot/line.js'
import { reportedSudoku, withReportedLines } from '../../lib/plot/reported.js'
import {
  reportedCurvesWhere,
  reportedResults,
  reportedRow,
  reportedRows,
  reportedWhere,
} from '../../lib/results/reported.js'
import { withReported } from '../../lib/results/reported-beside.js'
import { recurlab } from '../recurlab.js'
import { sharedPath } from '../shared.js'

const published = sharedPath('spec/published-results.md')
const skip = published === null ? 'there is no ../shared/spec/published-results.md' : false

/** What the document prints between two headings. */
function section(from: string, to: string): string {
  const text = readFileSync(published!, 'utf8')
  return text.slice(text.indexOf(from), text.indexOf(to))
}

/** The cells of a table in Markdown, without its head. */
function cells(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

/** Entries of a list in running text: `method size first / second · …`. */
function entries(text: string): { method: string; size: string | null; values: number[] }[] {
  const list = text.slice(text.indexOf(':') + 1).split('·')
  return list.map((entry) => {
    const found = /^(.*?)(?: (\d[\d.]*[MBT](?:\/\d+M)?))? ([\d.]+)(?: \/ ([\d.]+))?$/.exec(
      entry.trim().replaceAll('\n', ' '),
    )
    assert.ok(found, entry)
    const [, method, size, ...values] = found
    return { method: method!, size: size ?? null, values: values.filter((value) => value !== undefined).map(Number) }
  })
}

function rowOf(table: string, method: RegExp | string, task?: string) {
  const fits = (name: string) => (typeof method === 'string' ? name.endsWith(method) : method.test(name))
  const rows = reportedRows.filter(
    (row) => row.table === table && fits(row.method) && (task === undefined || row.task === task),
  )
  assert.equal(rows.length, 1, `${table} ${method} ${task}`)
  return rows[0]!
}

test('every number of table 1 is there with its method', { skip }, () => {
  const lines = cells(section('Table 1', 'Table 2'))
  assert.equal(lines.length, 9)
  for (const [method, value, depth, nfp, parameters] of lines) {
    const row = rowOf('1', method!)
    const printed = [Number(value), Number(depth), Number(nfp), parameters]
    assert.deepEqual([row.value, row.depth, row.nfp, row.parameters], printed, method)
  }
})

test('every number of table 2 is there with its latents', { skip }, () => {
  const printed = section('Table 2', 'Table 3').matchAll(/(?:: |· )(.+?) \((\d)\) ([\d.]+)/g)
  const lines = [...printed]
  assert.equal(lines.length, 3)
  for (const [, method, latents, value] of lines) {
    const row = rowOf('2', method!)
    assert.equal(row.value, Number(value))
    assert.match(row.note!, new RegExp(`^${latents} latent`))
  }
})

test('every number of table 3 is there with its k, T and model', { skip }, () => {
  const lines = cells(section('Table 3', 'Table 4'))
  assert.equal(lines.length, 7)
  for (const [setting, ...models] of lines) {
    const [k, T] = setting!.split(', ')
    models.forEach((cell, i) => {
      const row = rowOf('3', new RegExp(`^${['HRM', 'TRM'][i]}, k=${k}, T=${T}$`))
      const [, value, depth] = /^(.+) \((\d+)/.exec(cell)!
      assert.equal(row.value, value === 'out of memory' ? null : Number(value), cell)
      assert.equal(row.depth, Number(depth), cell)
      if (row.value === null) assert.match(row.note!, /out of memory/)
    })
  }
})

for (const [table, from, to, tasks] of [
  ['4', 'Table 4', 'Table 5', ['Sudoku-Extreme', 'Maze-Hard']],
  ['5', 'Table 5', 'Independent', ['ARC-AGI-1', 'ARC-AGI-2']],
] as const)
  test(`every number of table ${table} is there with its method, language models included`, { skip }, () => {
    const lines = entries(section(from, to))
    assert.equal(lines.length * 2, reportedRows.filter((row) => row.table === table).length)
    for (const { method, size, values } of lines)
      values.forEach((value, i) => {
        const row = rowOf(table, method, tasks[i])
        assert.deepEqual([row.value, row.parameters], [value, size], method)
      })
  })

test('every other number of the document is there', { skip }, () => {
  const rest = section('Independent reproductions', 'HRM analysis').replaceAll(/\d{4}\.\d{5}|[σβ]=[\d.]+/g, '')
  const printed = [...rest.matchAll(/\d+\.\d+/g)].map(([number]) => Number(number))
  assert.ok(printed.length >= 20)
  const there = new Set(reportedRows.flatMap((row) => [row.value, row.uncertainty]))
  assert.deepEqual(
    printed.filter((number) => !there.has(number)),
    [],
  )
  const uncertain = reportedRows.flatMap(({ value, uncertainty }) =>
    uncertainty === null ? [] : [[value, uncertainty]],
  )
  assert.deepEqual(uncertain, [
    [79.4, 0.1],
    [43, 0.2],
    [85.9, 0.6],
    [98, 0.3],
    // From beyond.md, sections 2 and 3.
    [86.6, 2.1],
    [85.3, 2.5],
    [90.9, 2.4],
    [96.9, 0.6],
  ])
})

test('the Arrow table says of every row that it was reported, has numbers as numbers, and survives a file', () => {
  const table = tableFromIPC(tableToIPC(reportedResults(), 'file'))
  const types = table.schema.fields.map(({ name, type }) => [String(name), String(type)])
  const expected = {
    kind: 'Utf8',
    table: 'Utf8',
    method: 'Utf8',
    task: 'Utf8',
    metric: 'Utf8',
    value: 'Float64',
    uncertainty: 'Float64',
    depth: 'Int32',
    nfp: 'Int32',
    parameters: 'Utf8',
    parameterCount: 'Float64',
    source: 'Utf8',
    note: 'Utf8',
  }
  assert.deepEqual(types, Object.entries(expected))
  const rows = rowsOfTable(table)
  assert.equal(rows.length, reportedRows.length)
  assert.ok(rows.every((row) => row.kind === 'reported' && typeof row.source === 'string' && row.source !== ''))
  assert.ok(rows.every((row) => row.value !== null || row.note !== null))
})

const beyond = sharedPath('spec/beyond.md')
const noBeyond = beyond === null ? 'there is no ../shared/spec/beyond.md' : false

test('every published curve of the document is there point by point, with the part of the source that gives it', {
  skip: noBeyond,
}, () => {
  const lines = readFileSync(beyond!, 'utf8').split('```jsonl\n')[1]!.split('```')[0]!.trim().split('\n')
  type Line = { id: string; x: string; xs: number[]; ys: number[]; kind: string; src: string }
  const printed = lines.map((line) => JSON.parse(line) as Line)
  assert.ok(printed.length >= 27)
  const rows = rowsOfTable(reportedResults({ table: 'series' }))
  assert.equal(
    rows.length,
    printed.reduce((sum, { xs }) => sum + xs.length, 0),
  )
  for (const { id, x, xs, ys, kind, src } of printed) {
    const points = rows.filter((row) => row.series === id)
    assert.deepEqual([points.map((row) => row.at), points.map((row) => row.value)], [xs, ys], id)
    assert.deepEqual(
      [...new Set(points.map((row) => `${row.kind} ${row.x} ${row.readFrom}`))],
      [`reported ${x} ${kind}`],
    )
    assert.equal(points[0]!.source, src.replace('Fig ', 'Figure '))
  }
})

test('points of curves are found by the name of their curve only, so that other filters return single numbers', () => {
  assert.equal(reportedResults({ series: 'ptrm.sudoku.sigma' }).numRows, 30)
  assert.ok(reportedWhere({ task: 'Sudoku-Extreme', method: 'PTRM' }).every((row) => row.table !== 'series'))
  assert.deepEqual(
    reportedCurvesWhere({ series: 'ptrm.maze' }).map(({ method }) => method),
    ['PTRM, pass@K', 'PTRM, best-Q@K', 'PTRM, mode@K'],
  )
  assert.throws(() => reportedWhere({ series: 'ptrm.sudoko' }), /a curve of ptrm\.sudoku\.sigma\.pass, .*sudoku/s)
})

test('parameters are numbers too, of the model of the very row', () => {
  const counts = reportedWhere({ table: '4', method: 'TRM-MLP' }).map((row) => row.parameterCount)
  assert.deepEqual(counts, [5e6, 19e6])
  assert.equal(reportedWhere({ table: '5', method: 'grok-4-thinking' })[0]?.parameterCount, 1.7e12)
})

test('measured rows and reported rows stand under each other and are told apart', () => {
  const measured = [
    {
      mixer: 'mlp',
      seed: 0,
      parameters: 1000,
      'exact accuracy (%)': 91,
      'cell accuracy (%)': 99,
      'training (s)': 3,
      'evaluation (s)': 1,
      run: 'a',
    },
    { mixer: 'attention', seed: 1, parameters: 1200, 'exact accuracy (%)': 3, 'training (s)': 3, run: 'b' },
  ]
  const rows = withReported(measured, { table: '4', method: 'TRM', task: 'sudoku' })
  assert.deepEqual(
    rows.map(({ kind, method, value, seed, source }) => [kind, method, value, seed, source]),
    [
      ['measured', 'mixer mlp', 91, 0, 'run a'],
      ['measured', 'mixer attention', 3, 1, 'run b'],
      ['reported', 'TRM-Att', 74.7, null, 'arXiv 2510.04871, table 4'],
      ['reported', 'TRM-MLP', 87.4, null, 'arXiv 2510.04871, table 4'],
    ],
  )
})

test('a measured row is named by the keys that vary, not by the metrics beside them', () => {
  const metrics = { 'exact accuracy (%)': 91, 'valid answers (%)': 93, rowsRight: 5.5 }
  const names = (row: Row): string => withReported([row], { table: '4', method: 'TRM' })[0]!.method
  assert.equal(names({ name: 'wide', mixer: 'mlp', n: 6, seed: 0, ...metrics, run: 'a' }), 'mixer mlp, n 6')
  assert.equal(names({ solver: 'backtracking', 'exact accuracy (%)': 100 }), 'solver backtracking')
})

test('reported numbers are grey broken lines over the whole of a figure of curves, named as reported', () => {
  const curves = lineFigure([{ name: 'mlp', x: [0, 50, 200], y: [0, 40, 80] }])
  const figure = withReportedLines(curves, [reportedSudoku.trm, reportedSudoku.selfAttention])
  const [own, first, second] = figure.data
  assert.equal(own, curves.data[0])
  assert.deepEqual(
    [first?.x, first?.y],
    [
      [0, 200],
      [87.4, 87.4],
    ],
  )
  assert.match(String(second?.name), /^reported: TRM, self-attention 74\.7/)
  const outOfMemory = withReportedLines(curves, { table: '3', method: 'TRM, k=6' })
  assert.equal(outOfMemory.data.length, 1)
})

test('a filter that nothing fits is one error that says what there is', async () => {
  assert.throws(
    () => reportedResults({ table: '7' }),
    (error) => error instanceof UserError && error.exitCode === 2 && /1, 2, 3, 4, 5/.test(error.message),
  )
  await assert.rejects(
    async () => command.run({ words: [], pairs: new Map([['tabel', '1']]), flags: new Map() }),
    /Did you mean table\?/,
  )
})

test('recurlab reported prints the rows asked for, as a table and as JSON', async () => {
  const { code, stdout } = await recurlab(['reported', 'table=4', 'task=Maze', 'method=HRM'])
  assert.equal(code, 0)
  assert.match(stdout, /^table +method +task +metric +value +parameters +source\n.*\n4 +HRM +Maze-Hard .* 74\.5 +27M/)
  const json = JSON.parse((await recurlab(['reported', 'table=2', '--json'])).stdout) as { value: number }[]
  assert.deepEqual(
    json.map((row) => row.value),
    [87.4, 77.6, 71.9],
  )
})

test('one row is found by its table, full name and, where needed, task', () => {
  assert.equal(reportedRow('2', 'TRM, single z').value, 71.9)
  assert.equal(reportedRow('4', 'HRM', 'Maze-Hard').value, 74.5)
  assert.throws(() => reportedRow('4', 'HRM'), /found 2, of the tasks Sudoku-Extreme, Maze-Hard. Name the task/)
  assert.throws(
    () => reportedRow('2', 'TRM'),
    /found none. The methods are TRM, y,z; TRM, multi-scale z; TRM, single z/,
  )
})
