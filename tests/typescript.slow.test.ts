import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { privateFolder, readOwn, writeOwn } from '../lib/typescript/cache.mjs'
import { createCompiler, madeBy } from '../lib/typescript/compile.mjs'
import { recurlab } from './recurlab.js'
import { runNode, temporaryFolder } from './setup-helpers.js'
import { root, tsx } from './shared.js'

const onlyRoot = process.getuid?.() === 0 ? false : 'only root can give a file to another user'
const NOBODY = 65534
const modeOf = (file: string): number => statSync(file).mode & 0o777

test('compiled code lies in a folder that only its owner can enter', (t) => {
  const folder = temporaryFolder(t)
  const made = privateFolder(folder, 'lib')
  assert.equal(made, path.join(folder, '.recurlab', 'cache', 'lib'))
  assert.equal(modeOf(made), 0o700)
  writeOwn(path.join(made, 'a.cjs'), 'a')
  assert.equal(modeOf(path.join(made, 'a.cjs')), 0o600)
  chmodSync(made, 0o755)
  assert.equal(privateFolder(folder, 'lib'), made)
  assert.equal(modeOf(made), 0o700)
  assert.equal(readOwn(path.join(made, 'a.cjs')), 'a')
})

test('what lies in a folder where others could write is thrown away', (t) => {
  const folder = temporaryFolder(t)
  const made = privateFolder(folder, 'lib')!
  writeFileSync(path.join(made, 'planted.cjs'), 'evil()')
  chmodSync(made, 0o777)
  assert.equal(privateFolder(folder, 'lib'), made)
  assert.deepEqual(readdirSync(made), [])
  assert.equal(modeOf(made), 0o700)
})

test('a symbolic link in the place of the folder, or of a file, is not followed', (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(path.join(folder, '.recurlab', 'cache'), { recursive: true })
  mkdirSync(path.join(folder, 'theirs'))
  writeFileSync(path.join(folder, 'theirs', 'a.cjs'), 'evil()')
  symlinkSync(path.join(folder, 'theirs'), path.join(folder, '.recurlab', 'cache', 'lib'))
  assert.equal(privateFolder(folder, 'lib'), null)
  symlinkSync(path.join(folder, 'theirs', 'a.cjs'), path.join(folder, 'link.cjs'))
  assert.equal(readOwn(path.join(folder, 'link.cjs')), null)
})

test("another user's folder, and another user's file, are not used", { skip: onlyRoot }, (t) => {
  const folder = temporaryFolder(t)
  const made = privateFolder(folder, 'lib')!
  const file = path.join(made, 'a.cjs')
  writeFileSync(file, 'evil()')
  chownSync(file, NOBODY, NOBODY)
  assert.equal(readOwn(file), null)
  chownSync(made, NOBODY, NOBODY)
  assert.equal(privateFolder(folder, 'lib'), null)
})

test('where no folder can be made nothing is kept, and files are compiled all the same', (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(path.join(folder, '.recurlab'), 'in the way')
  writeFileSync(path.join(folder, 'a.ts'), 'export const a: number = 1')
  assert.equal(privateFolder(folder, 'lib'), null)
  assert.match(createCompiler(folder).compile(path.join(folder, 'a.ts')), /exports\.a = 1/)
})

test('an edited file is compiled anew, also with the size and the time of the old one', (t) => {
  const folder = temporaryFolder(t)
  const file = path.join(folder, 'a.ts')
  writeFileSync(file, 'export const a: number = 1')
  const { atime, mtime } = statSync(file)
  assert.match(createCompiler(folder).compile(file), /exports\.a = 1/)
  assert.equal(createCompiler(folder).isKept(file), true)
  writeFileSync(file, 'export const a: number = 2')
  utimesSync(file, atime, mtime)
  assert.equal(createCompiler(folder).isKept(file), false)
  assert.match(createCompiler(folder).compile(file), /exports\.a = 2/)
})

test('a file outside the project is compiled and not kept', (t) => {
  const project = temporaryFolder(t)
  const file = path.join(temporaryFolder(t), 'a.ts')
  writeFileSync(file, 'export const a: number = 1')
  assert.match(createCompiler(project).compile(file), /exports\.a = 1/)
  assert.equal(createCompiler(project).isKept(file), false)
  assert.deepEqual(readdirSync(path.join(project, '.recurlab', 'cache', 'lib')), [])
})

test('code that another release of TypeScript has made is not used', (t) => {
  const folder = temporaryFolder(t)
  const file = path.join(folder, 'a.ts')
  writeFileSync(file, 'export const a: number = 1')
  createCompiler(folder).compile(file)
  assert.equal(createCompiler(folder).isKept(file), true)
  mkdirSync(path.join(folder, 'node_modules', 'typescript'), { recursive: true })
  writeFileSync(path.join(folder, 'node_modules', 'typescript', 'package.json'), '{ "version": "0.0.0" }')
  assert.equal(createCompiler(folder).isKept(file), false)
  assert.ok(madeBy(root).includes(readFileSync(path.join(root, 'lib', 'typescript', 'transform.mjs'), 'utf8')))
})

test('a file that is no TypeScript is an error with its line', (t) => {
  const folder = temporaryFolder(t)
  const file = path.join(folder, 'a.ts')
  writeFileSync(file, '\nexport const = 1')
  assert.throws(() => createCompiler(folder).compile(file), /a\.ts:2:14 - /)
})

test('the command leaves the folder for temporary files alone, and needs none', async (t) => {
  const folder = temporaryFolder(t)
  const out = path.join(folder, 'none')
  const temporary = path.join(folder, 'tmp')
  mkdirSync(temporary)
  for (const TMPDIR of [temporary, '/nonexistent']) {
    const { code, stderr } = await recurlab(['runs', `out=${out}`], { env: { TMPDIR } })
    assert.equal(code, 0, stderr)
    assert.doesNotMatch(stderr, /^ {4}at /m)
  }
  assert.deepEqual(readdirSync(temporary), [])
  assert.equal(existsSync('/nonexistent'), false)
})

test('tsx is started by lib/setup/tsx.mjs alone, which gives it a folder of its own', (t) => {
  const direct = ['lib', 'tests'].flatMap((top) =>
    readdirSync(path.join(root, top), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.m?ts$|\.mjs$/.test(name) && !name.includes('fixtures'))
      .map((name) => path.join(top, name))
      .filter((name) => /(['"])tsx(\/[\w/]+)?\1/.test(readFileSync(path.join(root, name), 'utf8'))),
  )
  assert.deepEqual(direct, [path.join('lib', 'setup', 'tsx.mjs')])
  const temporary = temporaryFolder(t)
  const file = path.join(temporary, 'a.mts')
  writeFileSync(file, `console.log(process.env.TMPDIR as string)`)
  const { stdout, stderr } = runNode(root, ['--import', tsx, file], { TMPDIR: temporary })
  assert.equal(stdout, `${temporary}\n`, stderr)
  assert.deepEqual(readdirSync(temporary), ['a.mts'])
})

test('a command that needs temporary files replaces a TMPDIR that is missing, and says so', async () => {
  const { code, stderr } = await recurlab(['bench', 'memory', 'trainSteps=2'], { env: { TMPDIR: '/nonexistent' } })
  assert.equal(code, 0, stderr)
  assert.match(stderr, /temporary files, \/nonexistent, cannot be written; .* is used/)
})

test('the stack of an error names the lines of the TypeScript', async () => {
  const { stderr } = await recurlab(['nosuch'], { env: { RECURLAB_DEBUG: '1' } })
  const place = /\(.*\/(lib\/.*\.ts):(\d+):(\d+)\)/.exec(stderr)
  assert.ok(place, stderr)
  const [, file = '', line, column] = place
  const lines = readFileSync(path.join(root, file), 'utf8').split('\n')
  // Where the error is made.
  assert.match(lines[Number(line) - 1]!.slice(Number(column) - 1), /^new [A-Z]/)
})
