import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { before, type TestContext, test } from 'node:test'
import { Bool, Float64, Int32, makeVector, Table, Utf8, vectorFromArray } from 'apache-arrow'
import { tokenColumn } from '../../lib/data/arrow.js'
import { runs } from '../../lib/index.js'
import { writeTable } from '../../lib/results/export.js'
import { createRun } from '../../lib/results/run.js'
import { root } from '../shared.js'
import { temporaryFolder } from './fixture.js'

/** The packages that read the files, each in the release that is tested. */
const PACKAGES = { pandas: '3.1.1', polars: '2.1.0', duckdb: '2.0.1' } as const
type Package = keyof typeof PACKAGES

const python = path.join(root, '.venv', 'bin', 'python')
/** Seconds that the installation of a package may take. */
const MOST_SECONDS = 120

const folder = temporaryFolder()
/** Files by name: a run's three tables, and a table of runs exported twice. */
const files: Record<string, string> = {}
before(() => {
  const resultsDir = path.join(folder, 'results')
  for (const seed of [0, 1]) {
    const run = createRun({ resultsDir, config: { seed, mixer: 'mlp', augment: seed || 'fresh' }, provenance: {} })
    for (let step = 1; step <= 4; step++)
      run.logMetrics({ step, 'train.loss': 1 / 2 ** step, ...(step === 4 ? { 'train.exact': 0.25 } : {}) })
    run.logEvaluation({ step: 2, weights: 'ema', 'test.exact': 0.5 }, { step: 2, weights: 'live', 'test.exact': 0.25 })
    run.writeOutcomes(outcomes())
    run.finish('finished')
    for (const name of ['metrics', 'evaluations', 'outcomes']) files[name] = path.join(run.dir, `${name}.arrow`)
  }
  for (const type of ['arrow', 'csv']) {
    files[type] = path.join(folder, `runs.${type}`)
    writeTable(runs({}, { resultsDir }), files[type])
  }
})

/** A small table with the types of `outcomesTable`. */
function outcomes(): Table {
  return new Table({
    id: vectorFromArray(['test/0', 'test/1', 'test/2'], new Utf8()),
    puzzle: makeVector(Int32Array.of(0, 1, 2)),
    rows: vectorFromArray([4, 4, null], new Int32()),
    exact: vectorFromArray([true, false, null], new Bool()),
    cells: vectorFromArray([1, 0.5, null], new Float64()),
    prediction: tokenColumn(
      Uint8Array.from({ length: 12 }, (_, i) => i),
      3,
      4,
    ),
  })
}

/**
 * Returns the folder of an installed package, which `.recurlab` keeps; skips the test where it cannot be installed: without a
 * network, or for a Python that the release does not support.
 */
function installed(name: Package, context: TestContext): string | null {
  if (!existsSync(python)) {
    context.skip(`there is no ${python} (npm run setup)`)
    return null
  }
  const { stdout: tag } = spawnSync(python, ['-c', 'import sys; print(sys.implementation.cache_tag)'], {
    encoding: 'utf8',
  })
  const target = path.join(root, '.recurlab', 'cache', 'python', `${name}-${PACKAGES[name]}-${tag.trim()}`)
  if (existsSync(target)) return target
  const partial = `${target}.${process.pid}`
  mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 })
  const options = ['--quiet', '--no-compile', '--only-binary', ':all:', '--retries', '0', '--timeout', '15']
  const { status, stderr } = spawnSync(
    python,
    [
      '-m',
      'pip',
      'install',
      ...options,
      '--disable-pip-version-check',
      '--target',
      partial,
      `${name}==${PACKAGES[name]}`,
    ],
    { encoding: 'utf8', timeout: 1000 * MOST_SECONDS },
  )
  if (status === 0) {
    renameSync(partial, target)
    return target
  }
  rmSync(partial, { recursive: true, force: true })
  const reason = stderr.split('\n').find((line) => line.startsWith('ERROR')) ?? `no end within ${MOST_SECONDS} s`
  context.skip(`${name} ${PACKAGES[name]} cannot be installed: ${reason}`)
  return null
}

/** How each package opens a file of Arrow and one of CSV, and the names of its types. */
const READERS: Readonly<Record<Package, { readonly script: string; readonly types: Readonly<Record<Kind, string>> }>> =
  {
    pandas: {
      script: `
def table(name):
    return pandas.read_csv(files[name]) if name == 'csv' else pandas.read_feather(files[name])
def types(name):
    return {column: str(type) for column, type in table(name).dtypes.items()}
def sum(name, column):
    return float(table(name)[column].sum())
def rows(name):
    return table(name).shape[0]
`,
      // A column of pandas with missing whole numbers has floating-point numbers; one with missing truth values, objects.
      types: {
        int32: 'int32',
        nullableInt32: 'float64',
        float64: 'float64',
        text: 'str',
        bool: 'bool',
        nullableBool: 'object',
        date: 'datetime64[ms, UTC]',
        tokens: 'object',
      },
    },
    polars: {
      script: `
def table(name):
    return polars.read_csv(files[name]) if name == 'csv' else polars.read_ipc(files[name])
def types(name):
    return {column: str(type) for column, type in table(name).schema.items()}
def sum(name, column):
    return float(table(name)[column].sum())
def rows(name):
    return table(name).shape[0]
`,
      types: {
        int32: 'Int32',
        nullableInt32: 'Int32',
        float64: 'Float64',
        text: 'String',
        bool: 'Boolean',
        nullableBool: 'Boolean',
        date: "Datetime(time_unit='ms', time_zone='UTC')",
        tokens: 'Array(UInt8, shape=(4,))',
      },
    },
    duckdb: {
      script: `
import pyarrow.feather
def table(name):
    if name == 'csv': return duckdb.read_csv(files[name])
    return duckdb.from_arrow(pyarrow.feather.read_table(files[name]))
def types(name):
    return dict(zip(table(name).columns, map(str, table(name).types)))
def sum(name, column):
    return float(table(name).aggregate(f'sum("{column}")').fetchall()[0][0])
def rows(name):
    return table(name).shape[0]
`,
      types: {
        int32: 'INTEGER',
        nullableInt32: 'INTEGER',
        float64: 'DOUBLE',
        text: 'VARCHAR',
        bool: 'BOOLEAN',
        nullableBool: 'BOOLEAN',
        date: 'TIMESTAMP WITH TIME ZONE',
        tokens: 'UTINYINT[4]',
      },
    },
  }
type Kind = 'int32' | 'nullableInt32' | 'float64' | 'text' | 'bool' | 'nullableBool' | 'date' | 'tokens'

/** Types of columns in the files, by their names; of the table of runs those that differ in kind. */
const COLUMNS: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  metrics: { step: 'int32', 'train.loss': 'float64', 'train.exact': 'float64' },
  evaluations: { step: 'int32', weights: 'text', 'test.exact': 'float64' },
  outcomes: {
    id: 'text',
    puzzle: 'int32',
    rows: 'nullableInt32',
    exact: 'nullableBool',
    cells: 'float64',
    prediction: 'tokens',
  },
  // No run has a name, a commit or seconds of training.
  arrow: {
    id: 'text',
    name: 'text',
    started: 'date',
    'test.exact': 'float64',
    trainSeconds: 'float64',
    augment: 'text',
    seed: 'float64',
    evalHalt: 'bool',
    commit: 'text',
  },
}

for (const [name, { script, types }] of Object.entries(READERS) as [Package, (typeof READERS)[Package]][])
  test(`${name} opens the tables of a run and an exported table of runs, with their shapes, types and values`, async (context) => {
    const target = installed(name, context)
    if (target === null) return
    const found = read(
      target,
      `import ${name}
${script}
line = ${JSON.stringify(documentedLine(name))}
scope = {}
exec(line, scope)
print(json.dumps({
    'types': {name: types(name) for name in files},
    'rows': {name: rows(name) for name in files},
    'sums': [sum('metrics', 'train.loss'), sum('evaluations', 'test.exact'), sum('outcomes', 'cells'), sum('arrow', 'seed'), sum('csv', 'seed'), sum('csv', 'best test.exact')],
    'documented': len(scope['metrics']),
}))`,
    ) as { types: Record<string, Record<string, string>>; rows: unknown; sums: unknown; documented: unknown }
    assert.deepEqual(found.rows, { metrics: 4, evaluations: 2, outcomes: 3, arrow: 2, csv: 2 })
    for (const [file, columns] of Object.entries(COLUMNS))
      for (const [column, kind] of Object.entries(columns))
        assert.equal(found.types[file]![column], types[kind], `${file}, ${column}`)
    for (const file of ['metrics', 'evaluations', 'outcomes'])
      assert.deepEqual(Object.keys(found.types[file]!), Object.keys(COLUMNS[file]!), file)
    assert.deepEqual(Object.keys(found.types.csv!), Object.keys(found.types.arrow!))
    assert.deepEqual(found.sums, [0.9375, 0.75, 1.5, 1, 1, 1])
    assert.equal(found.documented, 4)
  })

/** Returns the line of results/README.md that opens a run's metrics with a package, with the file of a run. */
function documentedLine(name: Package): string {
  const text = readFileSync(path.join(root, 'results', 'README.md'), 'utf8')
  const [, block = ''] = /^```python\n([\s\S]*?)^```$/m.exec(text) ?? []
  const line = block.split('\n').find((each) => each.startsWith(`import ${name}`)) ?? ''
  assert.ok(line.includes('results/runs/ID/metrics.arrow'), `a line for ${name}`)
  return line.replaceAll('results/runs/ID/metrics.arrow', files.metrics!)
}

/** Runs Python with a package and returns what it prints as JSON. */
function read(packages: string, script: string): unknown {
  const { status, stdout, stderr } = spawnSync(
    python,
    ['-c', `import json, sys\nfiles = json.loads(sys.argv[1])\n${script}`, JSON.stringify(files)],
    {
      encoding: 'utf8',
      env: { ...process.env, PYTHONPATH: packages },
    },
  )
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}
