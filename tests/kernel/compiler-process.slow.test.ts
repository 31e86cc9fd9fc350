import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import ts from 'typescript'
import { startCompiler } from '../../lib/kernel/compiler/client.js'
import { fingerprint, snapshotFile } from '../../lib/kernel/compiler/fingerprint.mjs'
import type { Compiler } from '../../lib/kernel/protocol.js'
import { type Folder, makeFolder, root } from './compiler-folder.js'

describe('the process of the compiler', () => {
  let folder: Folder
  let compiler: Compiler
  before(() => {
    folder = makeFolder({ 'a.ts': 'export const a = 1\n' })
    compiler = startCompiler(root, folder.path)
  })
  after(() => {
    compiler.close()
    folder.close()
  })

  test('answers what it is asked, in order, at once and later', async () => {
    assert.equal(compiler.version, ts.version)
    const replies = await Promise.all([
      compiler.cell({ id: 1, code: "import { a } from './a'; let b = a", typeErrors: 'error' }),
      compiler.cell({ id: 2, code: 'b.foo', typeErrors: 'error' }),
      compiler.modules({ specifier: './a', from: `${folder.path}/` }),
      compiler.complete({ code: 'b.toFix', cursor: 7 }),
      compiler.inspect({ code: 'b', cursor: 1, detail: 0 }),
      compiler.isComplete({ code: 'for (;;) {' }),
    ])
    const [first, second, modules, complete, inspect, isComplete] = replies
    assert.equal(first.failure, null)
    assert.deepEqual(first.declares, ['b'])
    assert.match(second.failure?.evalue ?? '', /Property 'foo' does not exist on type 'number'/)
    assert.equal(modules.failure, null)
    assert.equal(modules.file, folder.file('a.ts'))
    assert.deepEqual(complete.matches, ['toFixed'])
    assert.equal(inspect.found, true)
    assert.equal(isComplete.status, 'incomplete')
  })

  test('says what went wrong inside it, and lives', async () => {
    await assert.rejects(compiler.complete({ code: null as unknown as string, cursor: 0 }), /TypeError/)
    assert.equal((await compiler.cell({ id: 3, code: 'b', typeErrors: 'error' })).failure, null)
  })

  test('is closed: what is asked then and before is refused', async () => {
    const other = startCompiler(root, folder.path)
    const asked = other.cell({ id: 1, code: '1', typeErrors: 'error' })
    other.close()
    await assert.rejects(asked, /the compiler was closed/)
    await assert.rejects(other.isComplete({ code: '1' }), /the compiler was closed/)
  })
})

describe('the compiler of a folder', () => {
  /** A project whose compiler is this program. */
  function projectOf(program: string): { readonly root: string; close(): void } {
    const folder = makeFolder({
      'lib/kernel/compiler/main.mjs': program,
      'node_modules/typescript/package.json': '{ "version": "5.9.0" }',
    })
    return { root: folder.path, close: folder.close }
  }

  const ANSWERS = `
    process.stdin.on('data', (text) => {
      for (const line of String(text).trim().split('\\n')) {
        const { id, call } = JSON.parse(line)
        if (call === 'isComplete') console.log(JSON.stringify({ id, result: { status: 'slow' } }))
        if (call === 'inspect') { console.error('last words'); process.exit(3) }
      }
    })
    process.stdin.on('end', () => process.exit(0))
  `

  test('starts without a snapshot when Node refuses it', async () => {
    const project = projectOf(ANSWERS)
    const snapshot = snapshotFile(project.root, fingerprint(project.root))
    mkdirSync(path.dirname(snapshot), { recursive: true })
    writeFileSync(snapshot, 'not a snapshot')
    const compiler = startCompiler(project.root, project.root)
    try {
      assert.deepEqual(await compiler.isComplete({ code: '' }), { status: 'slow' })
    } finally {
      compiler.close()
      project.close()
    }
  })

  test('that dies refuses what was asked, with its last words', async () => {
    const project = projectOf(ANSWERS)
    const compiler = startCompiler(project.root, project.root)
    try {
      const complete = compiler.complete({ code: '', cursor: 0 })
      const inspect = compiler.inspect({ code: '', cursor: 0, detail: 0 })
      for (const asked of [complete, inspect])
        await assert.rejects(asked, /^Error: the compiler's process has ended \(exit code 3\): last words$/)
      await assert.rejects(compiler.isComplete({ code: '' }), /has ended/)
    } finally {
      project.close()
    }
  })
})

test('the process ends when whoever started it is gone', async () => {
  const entry = path.join(root, 'lib', 'kernel', 'compiler', 'main.mjs')
  const child: ChildProcess = spawn(process.execPath, [entry], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(child.stdout!, 'data')
  child.stdin!.end()
  const [code] = await once(child, 'exit')
  assert.equal(code, 0)
})

test('the fingerprint changes with the sources and the packages', () => {
  const folder = makeFolder({ 'lib/kernel/compiler/a.ts': '1', 'package-lock.json': '{}' })
  const seen = new Set([fingerprint(folder.path)])
  for (const name of [
    'lib/kernel/compiler/a.ts',
    'lib/kernel/compiler/transform/b.ts',
    'package-lock.json',
    'tsconfig.json',
  ]) {
    folder.write(name, `{ "changed": "${name}" }`)
    seen.add(fingerprint(folder.path))
  }
  assert.equal(seen.size, 5)
  folder.close()
})

test('the fingerprint changes with every source of another folder that the compiler runs', () => {
  const compiler = path.join(root, 'lib/kernel/compiler')
  const imported = readdirSync(compiler, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) =>
      [...readFileSync(path.join(compiler, name), 'utf8').matchAll(/^import (?!type )[^']*?from '(\.[^']+)'/gm)].map(
        ([, specifier]) => path.resolve(compiler, path.dirname(name), specifier!.replace(/\.js$/, '.ts')),
      ),
    )
  const outside = [...new Set(imported)].filter((file) => !file.startsWith(`${compiler}${path.sep}`))
  assert.ok(outside.length > 1, outside.join())
  const folder = makeFolder({ 'lib/kernel/compiler/a.ts': '1' })
  try {
    for (const file of outside) {
      const before = fingerprint(folder.path)
      folder.write(path.relative(root, file), 'changed')
      assert.notEqual(fingerprint(folder.path), before, file)
    }
  } finally {
    folder.close()
  }
})
