import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { root } from '../shared.js'

/** A copy of the project, committed, whose sources may be edited. */
const project = mkdtempSync(path.join(os.tmpdir(), 'recurlab-code-command-'))
const git = (...args: string[]): string =>
  execFileSync('git', ['-C', project, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
    encoding: 'utf8',
  })

before(() => {
  for (const name of ['lib', 'package.json', 'package-lock.json', 'tsconfig.json'])
    cpSync(path.join(root, name), path.join(project, name), { recursive: true })
  mkdirSync(path.join(project, '.recurlab'))
  for (const name of ['node_modules', '.recurlab/native']) symlinkSync(path.join(root, name), path.join(project, name))
  writeFileSync(path.join(project, '.gitignore'), 'node_modules\n.recurlab\nresults\n')
  git('init', '-q')
  git('add', '.')
  git('commit', '-qm', 'all')
})
after(() => rmSync(project, { recursive: true, force: true }))

function recurlab(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['lib/cli/recurlab.mjs', ...args], {
    cwd: project,
    encoding: 'utf8',
  })
  // 1: the puzzle is not solved.
  assert.equal(status, args[0] === 'solve' ? 1 : 0, stderr)
  return stdout
}

const KEYS = ['hidden=16', 'T=1', 'n=1', 'K=2', 'trainSteps=2', 'trainPuzzles=20', 'testPuzzles=10']

const train = (): { run: string; code: { changed: string[]; commit: string }; diff: () => string } => {
  const { run, dir } = JSON.parse(recurlab('train', 'sudoku-pocket', ...KEYS, '--json')) as { run: string; dir: string }
  const folder = path.resolve(project, dir)
  const { code } = JSON.parse(readFileSync(path.join(folder, 'provenance.json'), 'utf8')) as ReturnType<typeof train>
  return { run, code, diff: () => readFileSync(path.join(folder, 'code.diff'), 'utf8') }
}

test('a run says what code made it, and an evaluation of it by other code what has changed since', () => {
  appendFileSync(path.join(project, 'lib/plot/line.ts'), '\n// decides no number\n')
  const first = train()
  assert.deepEqual([first.code.changed, first.code.commit], [[], git('rev-parse', 'HEAD').trim()])
  assert.throws(first.diff, /ENOENT/)
  assert.doesNotMatch(recurlab('eval', first.run), /other code/)
  appendFileSync(path.join(project, 'lib/train/step.ts'), '\nexport const edited = true\n')
  assert.match(recurlab('eval', first.run), /^run \S+ was made by other code: lib\/train\/step\.ts differs$/m)
  assert.match(
    recurlab('solve', first.run, '1...............', 'supervisionSteps=1'),
    /^note: run \S+ was made by other code: lib\/train\/step\.ts differs$/m,
  )
  const second = train()
  assert.deepEqual(second.code.changed, ['lib/train/step.ts'])
  assert.match(second.diff(), /^\+export const edited = true$/m)
})
