/**
 * The corpus of hostile pickles. Every one is refused; the list of refusals is printed as diagnostics:
 *
 *     npm test tests/files/pickle-hostile.slow.test.ts
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { UserError } from '../../lib/errors.js'
import { openTorchFile } from '../../lib/interop/formats/torch.js'
import { readStored } from '../../lib/interop/weights-source.js'
import { assemble, global, int, ints, short, storage, tensor, text, torchFile, u32, u64 } from './assemble.js'

const folder = mkdtempSync(path.join(tmpdir(), 'recurlab-hostile-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** A file that appears when a pickle runs something. */
const ran = (name: string): string => path.join(folder, `ran-${name}`)
const touch = (name: string): string => `touch '${ran(name)}'`
const python = (name: string): string => `open(${JSON.stringify(ran(name))}, "w").close()`

interface Hostile {
  readonly name: string
  readonly pickle: Uint8Array
  /** What the refusal names. */
  readonly refusal: RegExp
  /** Whether Python's own pickle runs it: the proof that it is as dangerous as it looks. */
  readonly runs?: true
}

const list = (items: Uint8Array): Buffer => assemble('](', items, 'e')
/** Lists of lists, each holding the one before ten times. */
const laughs = (levels: number): Buffer =>
  assemble('(]q\x00', text('lol'), 'a', ...Array.from({ length: levels }, (_, i) => layer(i)), 't.')
const layer = (i: number): Buffer =>
  assemble('](', `h${String.fromCharCode(i)}`.repeat(10), `eq${String.fromCharCode(i + 1)}`)

const CORPUS: readonly Hostile[] = [
  {
    name: 'os.system',
    pickle: assemble('\x80\x02', global('os', 'system'), text(touch('os.system')), '\x85R.'),
    refusal: /byte 2: .*the name os\.system/,
    runs: true,
  },
  {
    name: 'posix.system',
    pickle: assemble('\x80\x02', global('posix', 'system'), text(touch('posix.system')), '\x85R.'),
    refusal: /the name posix\.system/,
    runs: true,
  },
  {
    name: 'builtins.eval',
    pickle: assemble('\x80\x02', global('builtins', 'eval'), text(python('builtins.eval')), '\x85R.'),
    refusal: /the name builtins\.eval/,
    runs: true,
  },
  {
    name: 'builtins.exec',
    pickle: assemble('\x80\x02', global('builtins', 'exec'), text(python('builtins.exec')), '\x85R.'),
    refusal: /the name builtins\.exec/,
    runs: true,
  },
  {
    name: '__builtin__.eval of Python 2',
    pickle: assemble('\x80\x02', global('__builtin__', 'eval'), text(python('__builtin__.eval of Python 2')), '\x85R.'),
    refusal: /the name __builtin__\.eval/,
    runs: true,
  },
  {
    name: 'subprocess.Popen',
    pickle: assemble(
      '\x80\x02',
      global('subprocess', 'Popen'),
      list(assemble(text('touch'), text(ran('subprocess.Popen')))),
      '\x85R.',
    ),
    refusal: /the name subprocess\.Popen/,
    runs: true,
  },
  {
    name: 'nested getattr',
    pickle: assemble(
      '\x80\x02',
      global('builtins', 'getattr'),
      global('builtins', '__import__'),
      text('os'),
      '\x85R',
      text('system'),
      '\x86R',
      text(touch('nested getattr')),
      '\x85R.',
    ),
    refusal: /the name builtins\.getattr/,
    runs: true,
  },
  {
    name: 'STACK_GLOBAL',
    pickle: assemble('\x80\x04', short('os'), short('system'), '\x93', text(touch('STACK_GLOBAL')), '\x85R.'),
    refusal: /the name os\.system/,
    runs: true,
  },
  {
    name: 'STACK_GLOBAL of a dotted name',
    pickle: assemble(
      '\x80\x04',
      short('collections'),
      short('OrderedDict.__reduce__'),
      '\x93',
      global('os', 'system'),
      '0.',
    ),
    refusal: /the name collections\.OrderedDict\.__reduce__/,
  },
  {
    name: 'STACK_GLOBAL that puts the dots elsewhere',
    pickle: assemble('\x80\x04', short('collections.abc'), short('OrderedDict'), '\x93)R.'),
    refusal: /the name collections\.abc\.OrderedDict/,
  },
  {
    name: 'STACK_GLOBAL with names out of the memo',
    pickle: assemble(
      '\x80\x04(',
      short('system'),
      '\x94',
      short('os'),
      '\x94th\x01h\x00\x93',
      text(touch('STACK_GLOBAL with names out of the memo')),
      '\x85R\x86.',
    ),
    refusal: /the name os\.system/,
    runs: true,
  },
  {
    name: 'STACK_GLOBAL behind POP and DUP',
    pickle: assemble(
      '\x80\x04',
      short('os'),
      '20',
      short('system'),
      '\x93',
      text(touch('STACK_GLOBAL behind POP and DUP')),
      '\x85R.',
    ),
    refusal: /opcode DUP/,
    runs: true,
  },
  {
    name: 'STACK_GLOBAL of no strings',
    pickle: assemble('\x80\x04', int(1), int(2), '\x93)R.'),
    refusal: /a name as two strings, found 1 and 2/,
  },
  {
    name: 'INST',
    pickle: assemble('\x80\x02(', text(touch('INST')), 'ios\nsystem\n.'),
    refusal: /opcode INST/,
    runs: true,
  },
  {
    name: 'OBJ',
    pickle: assemble('\x80\x02(', global('os', 'system'), text(touch('OBJ')), 'o.'),
    refusal: /the name os\.system/,
  },
  {
    name: 'OBJ of a whitelisted name',
    pickle: assemble('\x80\x02(', global('collections', 'OrderedDict'), 'o.'),
    refusal: /opcode OBJ/,
  },
  {
    name: 'NEWOBJ',
    pickle: assemble('\x80\x02', global('collections', 'OrderedDict'), ')\x81.'),
    refusal: /opcode NEWOBJ/,
  },
  {
    name: 'NEWOBJ_EX',
    pickle: assemble('\x80\x04', global('collections', 'OrderedDict'), ')}\x92.'),
    refusal: /opcode NEWOBJ_EX/,
  },
  {
    name: 'EXT1',
    pickle: assemble('\x80\x02\x82\x01)R.'),
    refusal: /opcode EXT1/,
  },
  {
    name: 'EXT4',
    pickle: assemble('\x80\x02\x84', u32(1), ')R.'),
    refusal: /opcode EXT4/,
  },
  {
    name: 'REDUCE with lambda',
    pickle: assemble(
      '\x80\x02',
      global('types', 'FunctionType'),
      global('builtins', 'compile'),
      text('0'),
      text('x'),
      text('eval'),
      '\x87R}\x86R)R.',
    ),
    refusal: /the name types\.FunctionType/,
  },
  {
    name: 'REDUCE of a string',
    pickle: assemble('\x80\x02', text('os.system'), text(touch('REDUCE of a string')), '\x85R.'),
    refusal: /a function that makes tensors or dictionaries, found "os\.system"/,
  },
  {
    name: 'REDUCE of a storage type',
    pickle: assemble('\x80\x02', global('torch', 'FloatStorage'), int(2 ** 30), '\x85R.'),
    refusal: /a function that makes tensors or dictionaries, found the name of a storage/,
  },
  {
    name: 'OrderedDict filled by its constructor',
    pickle: assemble(
      '\x80\x02',
      global('collections', 'OrderedDict'),
      list(assemble(text('a'), int(1), '\x86')),
      '\x85R.',
    ),
    refusal: /OrderedDict without arguments/,
  },
  {
    name: 'BUILD with __setstate__',
    pickle: assemble(
      '\x80\x02',
      global('collections', 'OrderedDict'),
      ')R}',
      text('__setstate__'),
      global('os', 'system'),
      'sb',
      text(touch('BUILD with __setstate__')),
      'b.',
    ),
    refusal: /the name os\.system/,
    runs: true,
  },
  {
    name: 'BUILD that changes a class',
    pickle: assemble('\x80\x02', global('collections', 'OrderedDict'), '}', text('copy'), int(0), 'sb.'),
    refusal: /opcode BUILD for an OrderedDict only/,
  },
  {
    name: 'BUILD with other attributes',
    pickle: assemble('\x80\x02', global('collections', 'OrderedDict'), ')R}', text('__class__'), int(0), 'sb.'),
    refusal: /a state with _metadata alone/,
  },
  {
    name: 'BUILD of a plain dictionary',
    pickle: assemble('\x80\x02}}', text('_metadata'), int(0), 'sb.'),
    refusal: /opcode BUILD for an OrderedDict only, found a dictionary/,
  },
  {
    name: 'torch.load inside a pickle',
    pickle: assemble('\x80\x02', global('torch', 'load'), text('other.pt'), '\x85R.'),
    refusal: /the name torch\.load/,
  },
  {
    name: 'torch.hub.load',
    pickle: assemble('\x80\x02', global('torch.hub', 'load'), text('someone/something'), '\x85R.'),
    refusal: /the name torch\.hub\.load/,
  },
  {
    name: 'numpy objects',
    pickle: assemble('\x80\x02', global('numpy.core.multiarray', '_reconstruct'), ')R.'),
    refusal: /the name numpy\.core\.multiarray\._reconstruct/,
  },
  {
    name: 'functools.partial',
    pickle: assemble(
      '\x80\x02',
      global('functools', 'partial'),
      global('os', 'system'),
      text(touch('functools.partial')),
      '\x86R)R.',
    ),
    refusal: /the name functools\.partial/,
    runs: true,
  },
  {
    name: 'a hidden name under a tensor',
    pickle: assemble(
      '\x80\x02}(',
      text('w'),
      tensor({ key: '0', shape: [1] }),
      text('x'),
      global('runpy', 'run_path'),
      text('x.py'),
      '\x85Ru.',
    ),
    refusal: /the name runpy\.run_path/,
  },
  {
    name: 'a tensor hook',
    pickle: assemble(
      '\x80\x02',
      global('torch._utils', '_rebuild_tensor_v2'),
      '(',
      storage('0', 'FloatStorage', 1),
      int(0),
      ints(1),
      ints(1),
      '\x89}',
      int(0),
      global('os', 'system'),
      'stR.',
    ),
    refusal: /the name os\.system/,
  },
  {
    name: 'PERSID as text',
    pickle: assemble("\x80\x02P('storage', 'x')\n."),
    refusal: /opcode PERSID/,
  },
  {
    name: 'a persistent id that is a name',
    pickle: assemble('\x80\x02', text('os.system'), 'Q.'),
    refusal: /a persistent id \('storage', .*found "os\.system"/,
  },
  {
    name: 'a persistent id of another kind',
    pickle: assemble(
      '\x80\x02(',
      text('module'),
      global('torch', 'FloatStorage'),
      text('0'),
      text('cpu'),
      int(1),
      'tQ.',
    ),
    refusal: /a persistent id of 'storage', found "module"/,
  },
  {
    name: 'a storage that leaves its folder',
    pickle: assemble('\x80\x02', storage('../../../etc/passwd', 'ByteStorage', 100), '.'),
    refusal: /a storage key of digits, found "\.\.\/\.\.\/\.\.\/etc\/passwd"/,
  },
  {
    name: 'a storage that is not there',
    pickle: assemble('\x80\x02', storage('7', 'FloatStorage', 1), '.'),
    refusal: /a storage that is in the archive, found no data\/7/,
  },
  {
    name: 'a storage that lies about its length',
    pickle: assemble('\x80\x02', storage('0', 'FloatStorage', 2 ** 30), '.'),
    refusal: /4294967296 bytes in data\/0 .*found 4/,
  },
  {
    name: 'a tensor beyond its storage',
    pickle: assemble('\x80\x02', tensor({ key: '0', shape: [2], length: 1 }), '.'),
    refusal: /a tensor inside its storage of 1, found \[2\] up to 2/,
  },
  {
    name: 'a tensor that repeats one number without end',
    pickle: assemble('\x80\x02', tensor({ key: '0', shape: [2 ** 30, 2 ** 10], strides: [0, 0], length: 1 }), '.'),
    refusal: /at most the 1 numbers stored, found .*a repeated view/,
  },
  {
    name: 'billion laughs, never unfolded',
    pickle: assemble('\x80\x02', laughs(9)),
    refusal: /at most 2000000 values, with each reference written out/,
  },
  {
    name: 'billion laughs, deeper',
    pickle: assemble('\x80\x02', laughs(70)),
    refusal: /at most 64 levels of nesting|at most 2000000 values, with each/,
  },
  {
    name: 'tuples in tuples without end',
    pickle: assemble('\x80\x02N', '\x85'.repeat(100_000), '.'),
    refusal: /at most 64 levels of nesting/,
  },
  {
    name: 'millions of values',
    pickle: assemble('\x80\x02(', 'N'.repeat(2_100_000), 't.'),
    refusal: /at most 2000000 values/,
  },
  {
    name: 'millions of marks',
    pickle: assemble('\x80\x02', '('.repeat(2_100_000), '.'),
    refusal: /at most 2000000 values/,
  },
  {
    name: 'a number of a billion bytes',
    pickle: assemble('\x80\x02\x8b', u32(2 ** 30), 'xxxx.'),
    refusal: /a number of at most 16 bytes, found one of 1073741824/,
  },
  {
    name: 'a number of negative length',
    pickle: assemble('\x80\x02\x8b', Buffer.from('ffffffff', 'hex'), '.'),
    refusal: /a number of at most 16 bytes, found one of -1/,
  },
  {
    name: 'a string of 2^63 bytes',
    pickle: assemble('\x80\x04\x8d', u64(2n ** 63n), 'x.'),
    refusal: /a string of at most 65536 bytes, found one of 9223372036854776000/,
  },
  {
    name: 'bytes, where Python code may lie',
    pickle: assemble('\x80\x04C\x04abcd.'),
    refusal: /opcode SHORT_BINBYTES/,
  },
  {
    name: 'an escape sequence in a name',
    pickle: assemble('\x80\x02', global('os', '\x1b[2J'), '.'),
    refusal: /the name os\.\\u001b\[2J/,
  },
  {
    name: 'the key __proto__',
    pickle: assemble('\x80\x02}', text('__proto__'), '}s.'),
    refusal: /keys that are plain words, found __proto__/,
  },
  {
    name: 'the key constructor',
    pickle: assemble('\x80\x02}', text('constructor'), tensor({ key: '0', shape: [1] }), 's.'),
    refusal: /keys that are plain words, found constructor/,
  },
]

async function refusalOf({ name, pickle }: Hostile): Promise<string> {
  const file = path.join(folder, `${CORPUS.findIndex((one) => one.name === name)}.pt`)
  writeFileSync(file, torchFile(pickle, { 0: new Uint8Array(4) }))
  try {
    const torch = await openTorchFile(file)
    torch.close()
    const { root } = torch
    assert.ok(!(root instanceof Map), 'it was read')
    // What is no dictionary is refused one floor up; the pickle was read without harm.
    await readStored(file)
    return 'nothing'
  } catch (error) {
    assert.ok(error instanceof UserError, String(error))
    return error.message.replace(`${file}, `, '').replace(`${file}: `, '')
  }
}

test('every hostile pickle is refused with its opcode or name and place, and none runs anything', async (t) => {
  assert.ok(CORPUS.length >= 25)
  assert.equal(new Set(CORPUS.map(({ name }) => name)).size, CORPUS.length)
  for (const hostile of CORPUS) {
    const before = process.cpuUsage()
    const refusal = await refusalOf(hostile)
    assert.match(refusal, hostile.refusal, hostile.name)
    // Seconds of the processor: those of a clock are longer on a busy machine.
    const { user, system } = process.cpuUsage(before)
    assert.ok(user + system < 3e6, `${hostile.name} takes too long`)
    t.diagnostic(`${hostile.name}: ${refusal.replace(/ Nothing in it was executed.*/, '')}`)
  }
  t.diagnostic(`${CORPUS.length} hostile pickles refused`)
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('ran-')),
    [],
  )
})

const PYTHON = `
import base64, json, pickle, subprocess, sys
class Reader(pickle.Unpickler):
    def persistent_load(self, pid):
        return None
import io
for text in json.load(sys.stdin):
    try:
        value = Reader(io.BytesIO(base64.b64decode(text))).load()
        if isinstance(value, subprocess.Popen):
            value.wait()
    except Exception:
        pass
`

test('in Python, those marked so do run: the corpus is not harmless by mistake', (t) => {
  const dangerous = CORPUS.filter(({ runs }) => runs)
  assert.ok(dangerous.length >= 10)
  const input = JSON.stringify(dangerous.map(({ pickle }) => Buffer.from(pickle).toString('base64')))
  const done = spawnSync('python3', ['-c', PYTHON], { input, cwd: folder })
  if (done.error) return t.skip('python3 is not here')
  assert.equal(done.status, 0, String(done.stderr))
  for (const { name } of dangerous) assert.ok(existsSync(ran(name)), `${name} does not run in Python`)
})
