import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import * as arrow from 'apache-arrow'
import { fromArrow, table } from 'arquero'
import { readArrow } from '../../lib/files/arrow.js'
import { rowsOfTable, tableOfRows } from '../../lib/files/arrow-rows.js'
import { bundleOf } from '../../lib/notebook/bundle.js'
import { Comparison, storedRun } from '../../lib/results/comparison.js'
import { toCsv, writeTable } from '../../lib/results/export.js'
import { createRun, listRuns, type RunRecord } from '../../lib/results/run.js'
import { temporaryFolder } from './fixture.js'

const folder = temporaryFolder()

function threeRuns(): RunRecord[] {
  const resultsDir = temporaryFolder()
  const variants = [
    { mixer: 'mlp', seed: 0, exact: [0.5, 0.9, 0.8] },
    { mixer: 'mlp', seed: 1, exact: [0.4] },
    { mixer: 'attention', seed: 0, exact: [] },
  ]
  for (const { mixer, seed, exact } of variants) {
    const config = { model: 'trm', mixer, seed, lr: 1e-3, arch: { heads: seed, puzzle: [1, 2] } }
    const run = createRun({ resultsDir, config, provenance: {}, name: `${mixer}-${seed}`, parameters: 7 })
    run.logMetrics({ step: 1, 'train.loss': 2, trainSeconds: 0.1 })
    exact.forEach((value, i) => {
      const seconds = { trainSeconds: i, evaluationSeconds: 2 }
      run.logEvaluation({ step: 10 * (i + 1), 'test.exact': value, 'test.cells': 1, ...seconds })
    })
    run.finish('finished')
  }
  const order = ['mlp-0', 'mlp-1', 'attention-0']
  const at = (run: RunRecord): number => order.findIndex((name) => run.id.includes(name))
  return listRuns(resultsDir).runs.sort((a, b) => at(a) - at(b))
}

test('a comparison shows the keys that differ, nested ones too, and last and best results', () => {
  const runs = threeRuns().map(storedRun)
  const shown = new Comparison(runs).rows.map(({ id, ...rest }) => rest)
  const common = { state: 'finished', parameters: 7 }
  assert.deepEqual(shown, [
    {
      ...common,
      mixer: 'mlp',
      seed: 0,
      'arch.heads': 0,
      step: 30,
      'test.exact': 0.8,
      'best test.exact': 0.9,
      'test.cells': 1,
      trainSeconds: 2,
      evaluationSeconds: 6,
    },
    {
      ...common,
      mixer: 'mlp',
      seed: 1,
      'arch.heads': 1,
      step: 10,
      'test.exact': 0.4,
      'best test.exact': 0.4,
      'test.cells': 1,
      trainSeconds: 0,
      evaluationSeconds: 2,
    },
    {
      ...common,
      mixer: 'attention',
      seed: 0,
      'arch.heads': 0,
      step: 1,
      'test.exact': null,
      'best test.exact': null,
      'test.cells': null,
      trainSeconds: null,
      evaluationSeconds: null,
    },
  ])
  assert.deepEqual(Object.keys(new Comparison(runs.slice(0, 1)).rows[0]!).slice(0, 3), ['id', 'state', 'test.exact'])
})

test('tables go out as Arrow that arquero reads, and as CSV', () => {
  const rows = [
    { name: 'a,"b"\n', value: 0.1, ok: true },
    { name: '', value: null, ok: false },
  ]
  for (const source of [
    rows,
    tableOfRows(rows),
    table({ name: ['a,"b"\n', ''], value: [0.1, null], ok: [true, false] }),
  ]) {
    const arrow = path.join(folder, 't.arrow')
    writeTable(source, arrow)
    assert.deepEqual(rowsOfTable(readArrow(arrow)), rows)
    assert.deepEqual(fromArrow(readFileSync(arrow)).objects(), rows)
    const csv = path.join(folder, 't.csv')
    writeTable(source, csv)
    assert.equal(readFileSync(csv, 'utf8'), 'name,value,ok\r\n"a,""b""\n",0.1,true\r\n"",,false\r\n')
  }
  assert.throws(() => writeTable(rows, 'x.xlsx'), { name: 'UserError', message: /\.arrow or \.csv/ })
  assert.equal(toCsv([]), '')
})

test('column names of any kind keep their order and values', () => {
  const row = JSON.parse('{"b":1,"1":"x","__proto__":true,"toString":null}') as Record<string, string>
  const read = rowsOfTable(tableOfRows([row]))
  assert.equal(JSON.stringify(read), JSON.stringify([row]))
})

test('numbers that are hard to keep are kept', () => {
  const values = [Number.NaN, Number.POSITIVE_INFINITY, -0, 2 ** 53, 5e-324, null]
  const read = rowsOfTable(tableOfRows(values.map((x) => ({ x })))).map((row) => row.x)
  assert.deepEqual(read, values)
})

const BIG = 9007199254740993n
const LARGEST = 2n ** 63n - 1n

/** A file of a table, read back as Arrow or as text. */
function saved(source: Parameters<typeof writeTable>[0]): {
  csv: string
  columns: Record<string, [string, unknown[]]>
} {
  const [csv, file] = [path.join(folder, 'x.csv'), path.join(folder, 'x.arrow')]
  writeTable(source, csv)
  writeTable(source, file)
  const read = readArrow(file)
  const columns = read.schema.fields.map(({ name, type }, i): [string, [string, unknown[]]] => [
    name,
    [String(type), [...read.getChildAt(i)!]],
  ])
  return { csv: readFileSync(csv, 'utf8'), columns: Object.fromEntries(columns) }
}

test('whole numbers beyond 2^53 keep every digit in CSV and in Arrow, from every kind of table', () => {
  const values = [BIG, -BIG, LARGEST, null]
  const sources = [
    new arrow.Table({ seed: arrow.vectorFromArray(values, new arrow.Int64()) }),
    table({ seed: values }),
    values.map((seed) => ({ seed })),
  ]
  for (const source of sources) {
    const { csv, columns } = saved(source)
    assert.equal(csv, `seed\r\n${values.map((value) => value ?? '').join('\r\n')}\r\n`)
    assert.deepEqual(columns, { seed: ['Int64', values] })
  }
  const typed = table({ seed: BigInt64Array.of(BIG, 1n) })
  assert.deepEqual(saved(typed).columns, { seed: ['Int64', [BIG, 1n]] })
})

test('BigInts take the type that holds the whole column: Int64, Uint64, or text', () => {
  const columns = [
    [[1n, 2], 'Int64', [1n, 2n]],
    [[2n ** 64n - 1n, 0n], 'Uint64', [2n ** 64n - 1n, 0n]],
    [[2n ** 64n - 1n, -1n], 'Utf8', ['18446744073709551615', '-1']],
    [[2n ** 100n, null], 'Utf8', [String(2n ** 100n), null]],
    [[BIG, 0.5], 'Utf8', [String(BIG), '0.5']],
    [[BIG, 'x'], 'Utf8', [String(BIG), 'x']],
  ] as const
  for (const [cells, type, read] of columns)
    assert.deepEqual(saved(cells.map((x) => ({ x }))).columns, { x: [type, read] })
})

test('rows of an Arrow table have BigInts only where numbers would lose digits', () => {
  const read = rowsOfTable(
    new arrow.Table({
      safe: arrow.vectorFromArray([1n, null], new arrow.Int64()),
      large: arrow.vectorFromArray([1n, BIG], new arrow.Int64()),
    }),
  )
  assert.deepEqual(read, [
    { safe: 1, large: 1n },
    { safe: null, large: BIG },
  ])
})

test('dates are dates in CSV and Arrow, one that is none is missing, from rows and arquero alike', () => {
  const when = new Date(Date.UTC(2026, 0, 2, 3, 4, 5))
  const stamps = [new Date(Number.NaN), when]
  for (const source of [table({ stamp: stamps }), stamps.map((stamp) => ({ stamp }))]) {
    const { csv, columns } = saved(source)
    assert.equal(csv, 'stamp\r\n\r\n2026-01-02T03:04:05.000Z\r\n')
    assert.deepEqual(columns, { stamp: ['Timestamp<MILLISECOND, UTC>', [null, when.getTime()]] })
  }
})

test('what a cell holds that is no number, text, truth or date is JSON, and loses nothing in it', () => {
  const cells = [
    [1, BIG, Number.NaN],
    Float32Array.of(0.5, Number.POSITIVE_INFINITY),
    new Set([1]),
    new Map([['a', 1n]]),
    { a: [null] },
  ]
  const { csv } = saved(cells.map((x) => ({ x })))
  assert.equal(
    csv.replaceAll('""', "'"),
    `x\r\n"[1,'${BIG}','NaN']"\r\n"[0.5,'Infinity']"\r\n[1]\r\n"{'a':'1'}"\r\n"{'a':[null]}"\r\n`,
  )
})

/** Columns of every type of Arrow's that holds more than a plain number or text, and their values in CSV. */
const ns = arrow.makeVector(
  arrow.makeData({
    type: new arrow.TimestampNanosecond('Europe/Berlin'),
    data: BigInt64Array.of(1767323045678901234n, -1n),
    length: 2,
  }),
)
const us = arrow.makeVector(
  arrow.makeData({ type: new arrow.TimestampMicrosecond(), data: BigInt64Array.of(1767323045678901n, 0n), length: 2 }),
)
const seconds = arrow.makeVector(
  arrow.makeData({ type: new arrow.TimestampSecond(), data: BigInt64Array.of(1767323045n, -62135596800n), length: 2 }),
)
const money = arrow.makeVector(
  arrow.makeData({
    type: new arrow.Decimal(2, 10, 128),
    data: Uint32Array.of(12345, 0, 0, 0, 0xfffffffb, 0xffffffff, 0xffffffff, 0xffffffff),
    length: 2,
  }),
)
const when = new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 60))
const day = new Date(Date.UTC(2026, 0, 2))
const struct = new arrow.Struct([new arrow.Field('at', new arrow.DateDay()), new arrow.Field('id', new arrow.Int64())])
const types: [string, arrow.Vector, readonly string[]][] = [
  [
    'milliseconds',
    arrow.vectorFromArray([when, null], new arrow.TimestampMillisecond()),
    ['2026-01-02T03:04:05.060', ''],
  ],
  [
    'milliseconds in UTC',
    arrow.vectorFromArray([day, null], new arrow.TimestampMillisecond('UTC')),
    ['2026-01-02T00:00:00Z', ''],
  ],
  ['seconds', seconds, ['2026-01-02T03:04:05', '0001-01-01T00:00:00']],
  ['microseconds', us, ['2026-01-02T03:04:05.678901', '1970-01-01T00:00:00']],
  ['nanoseconds in a zone', ns, ['2026-01-02T03:04:05.678901234Z', '1969-12-31T23:59:59.999999999Z']],
  ['days', arrow.vectorFromArray([when, null], new arrow.DateDay()), ['2026-01-02', '']],
  [
    'dates in milliseconds',
    arrow.vectorFromArray([day, when], new arrow.DateMillisecond()),
    ['2026-01-02', '2026-01-02T03:04:05.060Z'],
  ],
  ['times in seconds', arrow.vectorFromArray([3723, null], new arrow.TimeSecond()), ['01:02:03', '']],
  [
    'times in nanoseconds',
    arrow.vectorFromArray([3723000000001n, 0n], new arrow.TimeNanosecond()),
    ['01:02:03.000000001', '00:00:00'],
  ],
  ['durations', arrow.vectorFromArray([1500n, -250n], new arrow.DurationMillisecond()), ['PT1.5S', '-PT0.25S']],
  ['decimals', money, ['123.45', '-0.05']],
  [
    'unsigned integers',
    arrow.vectorFromArray([2n ** 64n - 1n, null], new arrow.Uint64()),
    ['18446744073709551615', ''],
  ],
  [
    'dictionaries of text',
    arrow.vectorFromArray(['a', 'b'], new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32())),
    ['a', 'b'],
  ],
  [
    'lists of integers',
    arrow.vectorFromArray([[BIG], null], new arrow.List(new arrow.Field('x', new arrow.Int64()))),
    [`["${BIG}"]`, ''],
  ],
  [
    'lists of days',
    arrow.vectorFromArray([[day], []], new arrow.List(new arrow.Field('x', new arrow.DateDay()))),
    ['["2026-01-02"]', '[]'],
  ],
  ['structs', arrow.vectorFromArray([{ at: day, id: BIG }, null], struct), [`{"at":"2026-01-02","id":"${BIG}"}`, '']],
  ['bytes', arrow.vectorFromArray([Uint8Array.of(1, 2), null], new arrow.Binary()), ['[1,2]', '']],
  ['truth', arrow.vectorFromArray([true, null], new arrow.Bool()), ['true', '']],
]
for (const [what, vector, right] of types)
  test(`a column of ${what} is saved as CSV and shown by its type`, () => {
    const whole = new arrow.Table({ x: vector, last: arrow.vectorFromArray([1, 2], new arrow.Int32()) })
    const csv = toCsv(rowsOfTable(whole)).split('\r\n').slice(1, 3)
    assert.deepEqual(
      csv.map((line) =>
        line
          .replace(/,\d$/, '')
          .replace(/^"(.*)"$/, '$1')
          .replaceAll('""', '"'),
      ),
      right,
    )
    const html = String(bundleOf(whole)['text/html']).replaceAll('&quot;', '"')
    for (const text of right) assert.ok(html.includes(`>${text || '–'}</td>`), `${text} in ${html}`)
    const text = String(bundleOf(whole)['text/plain'])
    for (const cell of right) assert.ok(text.includes(cell), `${cell} in ${text}`)
  })

test('a timestamp that JavaScript has no date for is its number, in a table of several batches too', () => {
  const make = (...values: bigint[]): arrow.Data =>
    arrow.makeData({ type: new arrow.TimestampNanosecond(), data: BigInt64Array.from(values), length: values.length })
  const whole = new arrow.Table({ x: new arrow.Vector([make(1n, 2n), make(3_000_000_000n)]) })
  assert.deepEqual(
    rowsOfTable(whole).map(({ x }) => x),
    ['1970-01-01T00:00:00.000000001', '1970-01-01T00:00:00.000000002', '1970-01-01T00:00:03'],
  )
  const far = arrow.makeData({ type: new arrow.TimestampSecond(), data: BigInt64Array.of(2n ** 62n), length: 1 })
  assert.deepEqual(rowsOfTable(new arrow.Table({ x: new arrow.Vector([far]) })), [{ x: String(2n ** 62n) }])
})

test('of an arquero table that is filtered and sorted, just that is saved', () => {
  const whole = table({ id: [3n, 1n, 2n], name: ['c', 'a', 'b'] })
  assert.equal(saved(whole.filter((d: { id: bigint }) => d.id > 1n).orderby('name')).csv, 'id,name\r\n2,b\r\n3,c\r\n')
})
