import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { mock, test } from 'node:test'
import { execute } from '../../lib/cli/main.js'
import type { DatasetManifest } from '../../lib/data/dataset.js'
import { UserError } from '../../lib/errors.js'
import { solveFile } from '../../lib/tasks/sudoku/solve-file.js'
import { root } from '../shared.js'
import { temporaryFolder, writeLines } from './helpers.js'

const folder = temporaryFolder()

function recurlab(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [path.join(root, 'lib', 'cli', 'recurlab.mjs'), 'data', ...args], {
    encoding: 'utf8',
  })
}

test('a data set is built, kept when built again, and described', () => {
  const dir = path.join(folder, 'built')
  const order = ['build', 'sudoku', 'box=2x2', 'clues=5', 'train=20', 'test=10', 'seed=3', `out=${dir}`]
  const built = recurlab(...order)
  assert.equal(built.status, 0, built.stderr)
  assert.match(built.stdout, /built: written\n/)
  const again = JSON.parse(recurlab(...order, '--json').stdout) as { outcome: string; hash: string }
  assert.equal(again.outcome, 'kept')
  const info = recurlab('info', dir)
  assert.equal(info.status, 0, info.stderr)
  assert.match(info.stdout, /vocabulary of 6 tokens/)
  assert.match(info.stdout, /literally: 0 test puzzles are training puzzles/)
  assert.match(info.stdout, /----\+---- {5}----\+----/)
  const facts = JSON.parse(recurlab('info', dir, '--json').stdout) as {
    hash: string
    splits: { train: { puzzles: number } }
  }
  assert.equal(facts.hash, again.hash)
  assert.equal(facts.splits.train.puzzles, 20)
})

test('what is long in the building is counted on standard error', async (t) => {
  t.after(() => mock.restoreAll())
  let now = 1e6
  mock.method(performance, 'now', () => {
    now += 400
    return now
  })
  const said: string[] = []
  mock.method(process.stdout, 'write', () => true)
  mock.method(process.stderr, 'write', (text: string) => said.push(text) > 0)
  const order = ['data', 'build', 'sudoku', 'train=20', 'test=10', `out=${path.join(folder, 'counted')}`]
  assert.equal(await execute(order), 0)
  assert.match(said.join(''), /\d+ of 30 puzzles generated \(\d+ %\)/)
})

test('mazes are built with keys of their own', () => {
  const out = path.join(folder, 'mazes')
  const built = recurlab('build', 'maze', 'size=8', 'train=5', 'test=3', 'walls=0.2-0.4', `out=${out}`, '--json')
  assert.equal(built.status, 0, built.stderr)
  const { manifest } = JSON.parse(built.stdout) as { manifest: DatasetManifest }
  assert.deepEqual([manifest.task, manifest.counts], ['maze', { train: 5, test: 3 }])
  assert.ok(existsSync(path.join(out, 'manifest.json')))
})

test('a file is solved and compared with its answers; a puzzle that fails is named and the exit code is 1', () => {
  const good = writeLines(folder, 'good.txt', ['1...............:1234341221434321', '1234....21......'])
  const bad = recurlab('solve', good, 'box=2x2', '--json')
  assert.equal(bad.status, 1)
  const found = JSON.parse(bad.stdout) as Record<string, unknown> & { failures: { line: number; reason: string }[] }
  assert.equal(found.puzzles, 2)
  assert.equal(found.answers, 1)
  assert.deepEqual(found.failures[0], { line: 1, reason: 'several solutions' })
})

test('the answers of a CSV are compared', async () => {
  const row = 's,1234341221434...,1234341221434321,0'
  const file = writeLines(folder, 'right.csv', ['source,question,answer,rating', row, row])
  const facts = await solveFile(file, [2, 2], 20)
  const { puzzles, solved, unique, agreeing, failures } = facts
  assert.deepEqual(
    { puzzles, solved, unique, agreeing, failures },
    { puzzles: 2, solved: 2, unique: 2, agreeing: 2, failures: [] },
  )
  assert.ok(facts.perSecond > 0 && facts.uniquePerSecond > 0)
})

const misuse: [string[], number, RegExp][] = [
  [['build', 'sudoku'], 2, /expected out=DIR/],
  [['build', 'sudoku', `out=${path.join(folder, 'no')}`, 'tran=5'], 2, /key tran: .*Did you mean train\?/],
  [['build', 'chess'], 2, /expected sudoku\|maze\|arc\|queens, found chess/],
  [['build', 'sudoku', `out=${path.join(folder, 'no')}`, '--force=yes'], 2, /expected --force without a value/],
  [['build', 'sudoku', `out=${path.join(folder, 'no')}`, '--fast'], 2, /found --fast/],
  [[], 2, /expected a word after data \(build, .*found nothing/],
  [['toString'], 2, /\(build, .*found toString/],
  [['build', 'maze', `out=${path.join(folder, 'no')}`, 'augment=all'], 2, /key augment/],
  [['build', 'arc', `out=${path.join(folder, 'no')}`, 'sett=arc-1'], 2, /key sett: .*Did you mean set\?/],
  [['bild'], 2, /found bild\. Did you mean data build\?/],
  [['build', 'sudocu'], 2, /found sudocu\. Did you mean sudoku\?/],
  [['info'], 2, /expected one folder, found none\. See recurlab data info --help\./],
  [['info', 'a', 'b'], 2, /expected one folder, found 2: a b/],
  [['info', path.join(folder, 'missing'), 'exmple=1'], 2, /key exmple: .*Did you mean example\?/],
  [['info', path.join(folder, 'missing'), 'example=-1'], 2, /example=N, a whole number/],
  [['info', path.join(folder, 'missing'), 'split=dev'], 2, /split=train\|test, found dev/],
  [['info', path.join(folder, 'missing')], 1, /expected a data set/],
  [['solve', path.join(folder, 'missing')], 1, /missing: expected a readable file/],
  [['solve', 'x', 'box=5x5'], 2, /expected box=2x2\|2x3\|3x3/],
]
for (const [args, exitCode, message] of misuse)
  test(`recurlab data ${args.map((arg) => path.basename(arg)).join(' ')} is one error with exit code ${exitCode}`, async () => {
    await assert.rejects(
      async () => execute(['data', ...args]),
      (error: unknown) => {
        assert.ok(error instanceof UserError, String(error))
        assert.match(error.message, message)
        assert.equal(error.exitCode, exitCode)
        return true
      },
    )
    assert.equal(existsSync(path.join(folder, 'no')), false)
  })
