import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { fileOperations as fs, systemCalls } from '../../lib/files/operations.js'
import { FileError } from '../../lib/files/system-errors.js'
import { FAULTS, openIn, startFailing } from './failing.js'

/** Modules of `lib` that call `node:fs` themselves, by the reason; a name that ends with a slash is a folder. */
const EXEMPT: Readonly<Record<string, readonly string[]>> = {
  'it holds the file operations': ['files/operations.ts', 'files/permissions.ts'],
  'it runs before packages are installed': [
    'setup/',
    'typescript/',
    'backend/kernels/build.mjs',
    'cli/recurlab.mjs',
    'cli/signals.mjs',
  ],
  'it compiles and loads code, in processes of the kernel': ['kernel/compiler/', 'kernel/cells/loader/'],
  'it writes messages to the descriptor of another process': [
    'kernel/cells/main.mjs',
    'kernel/cells/main.ts',
    'kernel/cells/wire.ts',
  ],
  'it reads /proc or /sys': [
    'backend/energy.ts',
    'backend/machine.ts',
    'kernel/cells/process-tree.ts',
    'kernel/server/sockets.ts',
    'files/owner.ts',
  ],
  'it opens /dev/null in place of a terminal that has gone': ['cli/output.ts'],
  'a thread rewrites the open file of a lease, whatever happens': ['results/heartbeat.ts'],
}

const lib = path.resolve(import.meta.dirname, '..', '..', 'lib')
/** An import that loads the module; constants alone do nothing. */
const LOADS =
  /(?:^import (?!type |\{ constants \})[^'"\n]*?|^\} from |\bimport\(|\brequire\()\s*['"](?:node:)?fs(?:\/promises)?['"]/m

test('every module of lib reaches files through lib/files/operations.ts, but for those with a reason', () => {
  const exempt = Object.values(EXEMPT).flat()
  const modules = readdirSync(lib, { recursive: true, encoding: 'utf8' })
    .map((name) => name.split(path.sep).join('/'))
    .filter((name) => /\.(ts|mjs)$/.test(name) && !name.endsWith('.d.ts'))
  const direct = modules.filter((name) => LOADS.test(readFileSync(path.join(lib, name), 'utf8')))
  const isExempt = (name: string): boolean =>
    exempt.some((one) => (one.endsWith('/') ? name.startsWith(one) : name === one))
  assert.deepEqual(
    direct.filter((name) => !isExempt(name)),
    [],
  )
  assert.deepEqual(
    exempt.filter((one) => !direct.some((name) => (one.endsWith('/') ? name.startsWith(one) : name === one))),
    [],
    'exempt without need',
  )
})

const folder = mkdtempSync(path.join(tmpdir(), 'recurlab-operations-'))
after(() => rmSync(folder, { recursive: true }))

/** Returns what a call throws while each of its operations fails. */
function refused(fault: 'ENOSPC' | 'EIO' | 'EACCES' | 'EMFILE', call: () => unknown): unknown {
  const { restore } = startFailing(0, 'for good', fault)
  try {
    return call()
  } catch (error) {
    return error
  } finally {
    restore()
  }
}

test('an operation that the system refuses names the path, the reason and the remedy, also by a descriptor', () => {
  const file = path.join(folder, 'file')
  writeFileSync(file, 'text')
  const fd = fs.openSync(file, 'r+')
  const cases: [error: unknown, message: string][] = [
    [
      refused('ENOSPC', () => fs.writeSync(fd, 'x')),
      `${file}: expected a writable path, found no space left on device (ENOSPC). Free some space, or choose another folder with out=DIR.`,
    ],
    [
      refused('EIO', () => fs.readSync(fd, Buffer.alloc(1))),
      `${file}: expected a readable file, found i/o error (EIO). The disk or the network behind it reports a fault: check it, then try again.`,
    ],
    [
      refused('EMFILE', () => fs.openSync(file, 'r')),
      `${file}: expected a readable file, found too many open files (EMFILE). Too many files are open: raise the limit with ulimit -n, or end other programs.`,
    ],
    [
      refused('EACCES', () => fs.readdirSync(folder)),
      `${folder}: expected a readable folder, found permission denied (EACCES). Check the permissions of the path and of its folders.`,
    ],
  ]
  fs.closeSync(fd)
  for (const [error, message] of cases) {
    assert.ok(error instanceof FileError, String(error))
    assert.equal(error.message, message)
    assert.equal(error.code, (error.cause as NodeJS.ErrnoException).code)
  }
  assert.throws(() => fs.fstatSync(fd), {
    message: /^file descriptor \d+: expected a readable file, found .*\(EBADF\)/,
  })
})

test('a path is absent where nothing can be, and not where the system does not tell', () => {
  const file = path.join(folder, 'there')
  writeFileSync(file, '')
  symlinkSync('loop', path.join(folder, 'loop'))
  assert.equal(fs.existsSync(file), true)
  for (const name of ['none', 'there/below', 'loop', 'x'.repeat(300), 'a\0b'])
    assert.equal(fs.existsSync(path.join(folder, name)), false, name)
  for (const fault of ['EACCES', 'EIO'] as const)
    assert.match(String(refused(fault, () => fs.existsSync(file))), /there: expected a readable path, found /)
})

test('after a fault of each kind the operations are those of the system again, and nothing is left open', () => {
  const real = { ...systemCalls }
  const file = path.join(folder, 'faults')
  for (const fault of FAULTS) {
    const { operations, restore } = startFailing(1, 'for good', fault)
    let fd: number | null = null
    try {
      fd = fs.openSync(file, 'w')
      fs.writeSync(fd, Buffer.from('12345678'))
      fs.fsyncSync(fd)
    } catch (error) {
      assert.equal((error as Error).name, fault === 'crash' ? 'Crash' : 'UserError')
    } finally {
      try {
        if (fd !== null) fs.closeSync(fd)
      } catch {}
      restore()
    }
    assert.ok(operations.length >= 3, fault)
    const halves: readonly string[] = ['short', 'continued', 'crash']
    const written = readFileSync(file, 'utf8')
    if (halves.includes(fault)) assert.equal(written, '1234', fault)
    assert.deepEqual(openIn(folder), [])
  }
  assert.deepEqual(systemCalls, real)
})
