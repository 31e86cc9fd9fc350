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
    table = pyarrow.ipc.open_file(name).read_all()
    table.validate(full=True)
    out.append({'types': [[f.name, str(f.type)] for f in table.schema], 'rows': table.to_pylist()})
print(json.dumps(out))
`

test('pyarrow reads metrics and evaluations', { skip: found ? false : `${python} has no pyarrow` }, () => {
  const run = newRun(temporaryFolder())
  const empty = newRun(temporaryFolder())
  run.logMetrics({ step: 1, 'train.loss': 2, lr: 1e-3 })
  run.logMetrics({ step: 2, 'train.loss': 1.5, lr: 1e-3, 'train.exact': 0.25 })
  run.logEvaluation({ step: 2, 'test.exact': 1, weights: 'ema' })
  const files = ['metrics.arrow', 'evaluations.arrow'].map((name) => path.join(run.dir, name))
  const { stdout, stderr } = spawnSync(python, ['-c', SCRIPT, ...files, path.join(empty.dir, 'metrics.arrow')], {
    encoding: 'utf8',
  })
  assert.equal(stderr, '')
  assert.deepEqual(JSON.parse(stdout), [
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
    { types: [['step', 'int32']], rows: [] },
  ])
})
