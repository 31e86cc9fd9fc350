import assert from 'node:assert/strict'
import { test } from 'node:test'
import { root, runNode } from './setup-helpers.js'

interface Report {
  ok: boolean
  backend: { name: string; reason: string } | null
  rows: Array<{ name: string; ok: boolean; needed: boolean; found: string; todo: string }>
}

const doctor = (environment: Record<string, string>, ...options: string[]) =>
  runNode(root, ['lib/cli/recurlab.mjs', 'doctor', ...options], environment)

test('doctor lists every part, and its exit code says whether what is needed is there', () => {
  const { status, stdout } = doctor({ RECURLAB_BACKEND: 'wasm' }, '--json')
  const { ok, backend, rows }: Report = JSON.parse(stdout)
  const names = rows.map((row) => row.name)
  const parts = [
    'node',
    'python',
    'compiler',
    'npm packages',
    '.venv',
    'kernelspec',
    'native backend',
    'backend',
    'figures',
  ]
  for (const name of parts) assert.ok(names.includes(name), `${name} is not in ${names}`)
  assert.equal(
    ok,
    rows.every((row) => row.ok || !row.needed),
  )
  assert.equal(status, ok ? 0 : 1)
  assert.equal(backend?.name, 'wasm')
  assert.match(backend.reason, /RECURLAB_BACKEND=wasm/)
})

test('doctor without a compiler says what to install, and it is no failure', () => {
  const { stdout } = doctor({ RECURLAB_BACKEND: 'wasm', CXX: 'no-such-compiler' }, '--json')
  const { rows }: Report = JSON.parse(stdout)
  const row = rows.find(({ name }) => name === 'compiler')
  assert.deepEqual([row?.ok, row?.needed], [false, false])
  assert.match(row?.todo ?? '', /Install g\+\+/)
})

test('doctor fails when the backend that is forced does not exist, and with 2 on wrong use', () => {
  const forced = doctor({ RECURLAB_BACKEND: 'abacus' })
  assert.equal(forced.status, 1)
  assert.ok(forced.stdout.split('\n').every((line) => line.length <= 80))
  assert.match(
    forced.stdout.replace(/\s+/g, ' '),
    /MISSING backend .*expected one of tfjs-node-gpu, tfjs-node, wasm, cpu, found "abacus"/,
  )
  assert.equal(doctor({}, 'please').status, 2)
})
