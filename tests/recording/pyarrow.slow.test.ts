import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { ANSWERS_FILE, STEPS_FILE } from '../../lib/recording/facts.js'
import { root } from '../shared.js'
import { type Row, recordingOf } from './fixture.js'
import { rolloutDefaults } from './settings.js'

const venv = path.join(root, '.venv', 'bin', 'python')
const python = process.env.RECURLAB_PYARROW_PYTHON ?? (existsSync(venv) ? venv : 'python3')
const found = spawnSync(python, ['-c', 'import pyarrow']).status === 0

/** The file, whole; and its beginning, as an interrupted recording leaves it: a stream after eight bytes. */
const SCRIPT = `
import json, sys, pyarrow.ipc
steps, answers = [pyarrow.ipc.open_file(name).read_all() for name in sys.argv[1:]]
for table in (steps, answers): table.validate(full=True)
stream = open(sys.argv[1], 'rb')
stream.seek(8)
print(json.dumps({
    'types': {f.name: str(f.type) for f in steps.schema},
    'rows': [steps.num_rows, answers.num_rows, pyarrow.ipc.open_stream(stream).read_next_batch().num_rows],
    'last': {name: str(value) for name, value in steps.slice(steps.num_rows - 1).to_pylist()[0].items()},
    'answer': answers.to_pylist()[0]['answer'],
}))
`

test('pyarrow reads the compressed tables of a recording, with their types and values', {
  skip: found ? false : `${python} has no pyarrow`,
}, () => {
  const rows = Array.from({ length: 400 }, (_, i): Row => {
    const answer = i % 4 === 3 ? 'R' : 'a'
    return {
      puzzle: Math.floor(i / 4),
      rollout: 0,
      step: 1 + (i % 4),
      answer,
      q: i / 8,
      margin: 0.25,
      delta: 0.5,
      valid: true,
    }
  })
  const { dir } = recordingOf(rows, { settings: { ...rolloutDefaults, depth: 4 } })
  const files = [STEPS_FILE, ANSWERS_FILE].map((name) => path.join(dir, name))
  const { status, stdout, stderr } = spawnSync(python, ['-c', SCRIPT, ...files], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.deepEqual(JSON.parse(stdout), {
    types: {
      puzzle: 'int32',
      version: 'int32',
      rollout: 'uint16',
      step: 'uint16',
      hash: 'uint64',
      exact: 'bool',
      rightCells: 'uint16',
      scoredCells: 'uint16',
      valid: 'bool',
      qHalt: 'float',
      deltaY: 'halffloat',
      deltaZ: 'halffloat',
      deltaLogits: 'float',
      changed: 'uint16',
      margin: 'halffloat',
    },
    rows: [400, 100, 400],
    last: {
      puzzle: '99',
      version: '0',
      rollout: '0',
      step: '4',
      hash: String((1n << 63n) + 82n),
      exact: 'True',
      rightCells: '4',
      scoredCells: '4',
      valid: 'True',
      qHalt: '49.875',
      deltaY: '0.0625',
      deltaZ: '0.0',
      deltaLogits: '0.5',
      changed: '4',
      margin: '0.25',
    },
    answer: [82, 82, 82, 82],
  })
})
