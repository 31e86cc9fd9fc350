import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { newRun, temporaryFolder } from './fixture.js'

const venv = fileURLToPath(new URL('../../.venv/bin/python', import.meta.url))
const python = process.env.RECURLAB_PYARROW_PYTHON ?? (existsSync(venv) ? venv : 'python3')
const found = spawnSync(python, ['-c', 'import pyarrow']).status === 0

const SCRIPT = `
import json, sys, pyarrow.ipc
out = []
for name in sys.argv[1:]:
    how = pyarrow.ipc.open_file if open(name, 'rb').read(6) == b'ARROW1' else pyarrow.ipc.open_stream
    table = how(name).read_all()
    table.validate(full=True)
    out.append({'how': how.__name__, 'types': [[f.name, str(f.type)] for f in table.schema], 'rows': table.to_pylist()})
print(json.dumps(out))
`

test('pyarrow reads the metrics and evaluations of an ended run as files, and of one at work as streams', {
  skip: found ? false : `${python} has no pyarrow`,
}, () => {
  const run = newRun(temporaryFolder())
  const empty = newRun(temporaryFolder())
  run.logMetrics({ step: 1, 'train.loss': 2, lr: 1e-3 })
  run.logMetrics({ step: 2, 'train.loss': 1.5, lr: 1e-3, 'train.exact': 0.25 })
  run.logEvaluation({ step: 2, 'test.exact': 1, weights: 'ema' })
  const files = ['metrics.arrow', 'evaluations.arrow'].map((name) => path.join(run.dir, name))
  const tables = [
    {
      types: [
        ['step', 'int32'],
        ['train.loss', 'double'],
        ['lr', 'double'],
        ['train.exact', 'double'],
      ],
      rows: [
        { step: 1, 'train.loss': 2, lr: 1e-3, 'train.exact': null },
        { step: 2, 'train.loss': 1.5, lr: 1e-3, 'train.exact': 0.25 },
      ],
    },
    {
      types: [
        ['step', 'int32'],
        ['test.exact', 'double'],
        ['weights', 'string'],
      ],
      rows: [{ step: 2, 'test.exact': 1, weights: 'ema' }],
    },
  ]
  assert.deepEqual(
    read(files),
    tables.map((table) => ({ how: 'open_stream', ...table })),
  )
  run.finish('finished')
  assert.deepEqual(read([...files, path.join(empty.dir, 'metrics.arrow')]), [
    ...tables.map((table) => ({ how: 'open_file', ...table })),
    { how: 'open_file', types: [['step', 'int32']], rows: [] },
  ])
})

function read(files: readonly string[]): unknown {
  const { stdout, stderr } = spawnSync(python, ['-c', SCRIPT, ...files], { encoding: 'utf8' })
  assert.equal(stderr, '')
  return JSON.parse(stdout)
}
