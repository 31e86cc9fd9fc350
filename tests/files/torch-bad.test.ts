import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { UserError } from '../../lib/errors.js'
import { openTorchFile } from '../../lib/interop/formats/torch.js'
import { readStored } from '../../lib/interop/weights-source.js'
import { root } from '../shared.js'
import {
  assemble,
  dictionary,
  floats,
  global,
  int,
  ints,
  type Member,
  storage,
  tensor,
  text,
  torchFile,
  u64,
  zip,
} from './assemble.js'

const folder = mkdtempSync(path.join(tmpdir(), 'recurlab-torch-bad-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const pickle = dictionary([['w', tensor({ key: '0', shape: [1] })]])
const members: readonly Member[] = [
  { name: 'a/data.pkl', data: pickle },
  { name: 'a/byteorder', data: Buffer.from('little') },
  { name: 'a/data/0', data: floats(1) },
]
const withMember = (member: Member): Buffer => zip([...members, member])
const changed = (index: number, change: Partial<Member>): Buffer =>
  zip(members.map((member, i) => (i === index ? { ...member, ...change } : member)))
/** A file whose pickle is protocol 2, these opcodes, and STOP. */
const opcodes = (...pieces: (string | Uint8Array)[]): Buffer =>
  torchFile(assemble('\x80\x02', ...pieces, '.'), { 0: floats(1) })
/** A call of `_rebuild_tensor_v2` with these arguments. */
const rebuilt = (...args: (string | Uint8Array)[]): Buffer =>
  opcodes(global('torch._utils', '_rebuild_tensor_v2'), '(', ...args, 'tR')
const whole = [storage('0', 'FloatStorage', 1), int(0), ints(1), ints(1), '\x89', '}'] as const
const replaced = (index: number, ...by: (string | Uint8Array)[]): Buffer =>
  rebuilt(...whole.slice(0, index), ...by, ...whole.slice(index + 1))

const ARCHIVES: [name: string, file: Uint8Array, message: RegExp][] = [
  ['an empty file', new Uint8Array(0), /expected safetensors, or a file of torch\.save, found an empty file/],
  ['a text', Buffer.from('step: 3\nlr: 0.1\nand more'), /safetensors, or a file of torch\.save, found neither/],
  ['the first bytes of a zip archive alone', Buffer.from('PK\x03\x04'), /a zip archive .*[Ee]nd of central directory/],
  ['text after an archive', assemble(zip(members), 'x'), /a zip archive .*comment length/],
  [
    'a name twice',
    withMember({ name: 'a/data/0', data: floats(2) }),
    /every name in the archive once, found a\/data\/0/,
  ],
  [
    'a name that climbs',
    withMember({ name: 'a/../../x', data: floats(2) }),
    /found invalid relative path: a\/\.\.\/\.\.\/x/,
  ],
  ['an absolute name', withMember({ name: '/etc/passwd', data: floats(2) }), /absolute path: \/etc\/passwd/],
  ['a name with backslashes', withMember({ name: 'a\\data\\1', data: floats(2) }), /invalid characters in fileName/],
  [
    'a name with an escape sequence',
    withMember({ name: 'b/\x1b[2J', data: floats(2) }),
    /all files in a\/, found b\/\P{Cc}\[2J/u,
  ],
  [
    'a name of 2,000 letters',
    withMember({ name: `a/${'x'.repeat(2000)}`, data: floats(2) }),
    /at most 1024 bytes, found one of 2002/,
  ],
  ['a file beside the folder', withMember({ name: 'b/data/0', data: floats(2) }), /all files in a\/, found b\/data\/0/],
  ['no data.pkl', zip(members.slice(1)), /one FOLDER\/data\.pkl .*found 0 of them/],
  ['two data.pkl', withMember({ name: 'b/data.pkl', data: pickle }), /found 2 of them/],
  ['a data.pkl at the top', zip([{ name: 'data.pkl', data: pickle }]), /found 0 of them/],
  ['a TorchScript program', withMember({ name: 'a/constants.pkl', data: pickle }), /a TorchScript program/],
  ['a compressed file', changed(2, { method: 8 }), /a\/data\/0: expected a file stored without compression.*method 8/],
  ['an encrypted file', changed(2, { flags: 1 }), /compressed\/uncompressed size mismatch|without encryption/],
  [
    'more files said than there are',
    zip(members, { count: 9 }),
    /a zip archive .*invalid central directory|unexpected EOF/,
  ],
  ['a place outside the file', changed(2, { at: 2 ** 31 }), /a zip archive .*unexpected EOF/],
  ['a place of another file', changed(2, { at: 0 }), /an overlap: it begins at/],
  ['a place that is no file', changed(2, { at: 7 }), /invalid local file header signature/],
  [
    'a size beyond the file',
    changed(2, { size: 2 ** 30, data: floats(1) }),
    /the file is cut off|file data overflows file bounds/,
  ],
  [
    'a pickle of 65 MB',
    zip([{ name: 'a/data.pkl', data: new Uint8Array(65 * 2 ** 20) }]),
    /data\.pkl: expected at most 67108864 bytes/,
  ],
  [
    'a byte order that is none',
    changed(1, { data: Buffer.from('middle') }),
    /byteorder: expected little or big, found "middle"/,
  ],
  [
    'a byte order as long as a book',
    changed(1, { data: new Uint8Array(1000) }),
    /byteorder: expected at most 16 bytes, found 1000/,
  ],
  ['a damaged pickle', changed(0, { crc: 1 }), /a\/data\.pkl: expected CRC-32 00000001/],
  [
    'a storage one byte too long',
    changed(2, { data: new Uint8Array(5) }),
    /4 bytes in data\/0 for a storage of 1 F32, found 5/,
  ],
  [
    'a bare pickle',
    assemble('\x80\x02}.          '),
    /a zip archive, which torch\.save writes since PyTorch 1\.6, found a bare pickle/,
  ],
]

const PICKLES: [name: string, file: Uint8Array, message: RegExp][] = [
  ['no pickle at all', torchFile(new Uint8Array(0)), /byte 0: expected an opcode STOP at its end/],
  ['a pickle without PROTO', torchFile(assemble('}.')), /byte 0: expected opcode PROTO first, found opcode EMPTY_DICT/],
  ['protocol 0 text', torchFile(assemble('(dp0\n.')), /opcode PROTO first, found opcode MARK/],
  ['protocol 9', torchFile(assemble('\x80\x09}.')), /protocol 2 to 5, found protocol 9/],
  ['PROTO twice', opcodes('\x80\x02}'), /byte 2: expected opcode PROTO at the beginning only/],
  ['a byte that is no opcode', opcodes('\xff'), /byte 2: .*found byte 0xff, which is no opcode/],
  [
    'no STOP',
    torchFile(assemble('\x80\x02}')),
    /byte 3: expected an opcode STOP at its end, found the end of the pickle after 3/,
  ],
  ['bytes after STOP', opcodes('}.}'), /the end after STOP, found 2 more bytes/],
  ['STOP with nothing', opcodes(''), /a value on the stack, found an empty one/],
  ['STOP with two values', opcodes('}}'), /one value at STOP, found more/],
  ['STOP inside a MARK', opcodes('}(}'), /one value at STOP, found more/],
  ['a tuple without MARK', opcodes('t'), /a MARK on the stack, found none/],
  ['a pair of one', opcodes('N\x86'), /2 values on the stack, found 1/],
  ['values taken from before a MARK', opcodes('N(N\x86'), /2 values on the stack, found 1/],
  ['a key without a value', opcodes('}(', text('a'), 'u'), /keys with values, found a key without one/],
  ['items for a list', opcodes('](', text('a'), 'Nu'), /a dictionary to put items into, found a list of 0/],
  ['items for a number', opcodes('K\x01(K\x02K\x03u'), /a dictionary to put items into, found 1/],
  ['items appended to a tuple', opcodes(')Na'), /a list to append to, found a tuple of 0/],
  ['a list as a key', opcodes('}]Ns'), /keys that are text, numbers or tuples of them, found a list of 0/],
  ['a dictionary as a key', opcodes('}}Ns'), /keys that are text, numbers or tuples of them, found a dictionary/],
  ['a tuple of a list as a key', opcodes('}]\x85Ns'), /keys that are text, numbers or tuples of them, found a tuple/],
  [
    'a function as a key',
    opcodes('}', global('collections', 'OrderedDict'), 'Ns'),
    /keys that are text, numbers or tuples of them, found the function/,
  ],
  ['a key twice', opcodes('}(', text('a'), 'N', text('a'), 'Nu'), /every key once, found "a" twice/],
  ['the key prototype', opcodes('}', text('prototype'), 'Ns'), /plain words, found prototype/],
  ['a memo entry that is not there', opcodes('h\x05'), /memo entry 5, found no such entry/],
  ['a memo entry twice', opcodes('}q\x01q\x01'), /every memo entry once, found entry 1 twice/],
  ['a memo of nothing', opcodes('q\x01'), /a value on the stack, found an empty one/],
  ['a string that is no UTF-8', opcodes('X\x01\x00\x00\x00\xff'), /a string in UTF-8, found invalid bytes/],
  ['a string beyond the end', opcodes('X\x09\x00\x00\x00a'), /9 more bytes, found the end/],
  ['a name without its line end', opcodes('ctorch'), /a line of text, found no line end in/],
  [
    'a frame beyond the end',
    torchFile(assemble('\x80\x04\x95', u64(99n), '}.')),
    /a frame of at most the 2 bytes left, found one of 99/,
  ],
  [
    'a list of tensors',
    opcodes(']', tensor({ key: '0', shape: [1] }), 'a'),
    /a dictionary of tensors, found a list of 1/,
  ],
  [
    'one tensor alone',
    opcodes(tensor({ key: '0', shape: [1] })),
    /a dictionary of tensors, found a tensor \[1\] of F32/,
  ],
  ['a dictionary of numbers', opcodes('}', text('a'), 'K\x01s'), /a dictionary of tensors, found one of "a": 1/],
]

const TENSORS: [name: string, file: Uint8Array, message: RegExp][] = [
  ['a tensor of five arguments', rebuilt(...whole.slice(0, 5)), /six arguments of a tensor, found 5/],
  ['a tensor without storage', replaced(0, 'N'), /a tensor with a storage, found None/],
  ['a negative offset', replaced(1, int(-1)), /an offset into the storage, found -1/],
  ['an offset beyond the storage', replaced(1, int(1)), /inside its storage of 1, found \[1\] up to 2/],
  ['a negative size', replaced(2, ints(-1)), /a shape of whole numbers, found a tuple of 1/],
  ['a list as a shape', replaced(2, ']'), /a shape of whole numbers, found a list/],
  ['a negative stride', replaced(3, ints(-1)), /strides of whole numbers/],
  ['fewer strides than sizes', replaced(3, ')'), /1 strides for \[1\], found 0/],
  [
    'a stride beyond counting',
    rebuilt(
      storage('0', 'FloatStorage', 1),
      int(0),
      assemble('(', int(2), '\x8a\x07\xff\xff\xff\xff\xff\xff\x1f', 't'),
      ints(1, 1),
      '\x89}',
    ),
    /at most the 1 numbers|inside its storage/,
  ],
  [
    '17 dimensions',
    rebuilt(
      storage('0', 'FloatStorage', 1),
      int(0),
      ints(...new Array(17).fill(1)),
      ints(...new Array(17).fill(1)),
      '\x89}',
    ),
    /at most 16 dimensions, found 17/,
  ],
  ['requires_grad as a word', replaced(4, text('yes')), /requires_grad as True or False, found "yes"/],
  ['hooks', replaced(5, '}', int(0), int(0), 's'), /no backward hooks, found a dictionary of 1/],
  ['a negated view', rebuilt(...whole, '}', text('neg'), '\x88s'), /a tensor without metadata/],
  ['an unknown storage type', replaced(0, storage('0', 'QUInt8Storage', 1)), /the name torch\.QUInt8Storage/],
  ['untyped storage', opcodes(global('torch.storage', 'UntypedStorage')), /the name torch\.storage\.UntypedStorage/],
  [
    'one storage of two types',
    opcodes('(', storage('0', 'FloatStorage', 1), storage('0', 'IntStorage', 1), 't'),
    /storage 0 as a storage of 1 F32, found a storage of 1 I32/,
  ],
  ['a storage of a negative length', opcodes(storage('0', 'FloatStorage', -1)), /the length of a storage, found -1/],
  [
    'a parameter of a number',
    opcodes(global('torch._utils', '_rebuild_parameter'), '(K\x01\x89}tR'),
    /a tensor in a parameter, found 1/,
  ],
]

for (const [kind, cases] of [
  ['archive', ARCHIVES],
  ['pickle', PICKLES],
  ['tensor', TENSORS],
] as const)
  test(`each of ${cases.length} bad ${kind}s is one error with file, place, expected and found`, async (t) => {
    for (const [name, bytes, message] of cases) {
      const file = path.join(folder, 'bad.pt')
      writeFileSync(file, bytes)
      await assert.rejects(readStored(file), (error) => {
        assert.ok(error instanceof UserError, `${name}: ${String((error as Error).stack)}`)
        assert.ok(error.message.startsWith(file), `${name}: ${error.message}`)
        assert.match(error.message, /expected .+, found .+\./s, name)
        assert.match(error.message, message, name)
        assert.ok(!/\p{Cc}/u.test(error.message), name)
        return true
      })
      t.diagnostic(name)
    }
  })

test('the old format is refused with the line that saves the file anew', async () => {
  await assert.rejects(readStored(path.join(root, 'tests/fixtures/official/legacy.pt')), {
    name: 'UserError',
    message: /found a bare pickle.*torch\.save\(torch\.load\('OLD', weights_only=True\), 'NEW'\)/,
  })
})

test('a whole module, which only its own code can read, is refused by the name of its class', async () => {
  await assert.rejects(readStored(path.join(root, 'tests/fixtures/official/module.pt')), {
    name: 'UserError',
    message: /the name torch\.nn\.modules\.module\.Module/,
  })
})

test('a folder and a file that is not there are refused as such', async () => {
  await assert.rejects(readStored(folder), { name: 'UserError', message: /a file of weights, found a folder/ })
  await assert.rejects(readStored(path.join(folder, 'no.pt')), { name: 'UserError', message: /no such file/ })
})

test('no file stays open after a refusal', async () => {
  const file = path.join(folder, 'open.pt')
  writeFileSync(file, opcodes('\xff'))
  const count = (): number => readdirSync('/proc/self/fd').length
  const before = count()
  for (let i = 0; i < 20; i++) await assert.rejects(openTorchFile(file), { name: 'UserError' })
  assert.ok(count() <= before + 1, `${count()} open files after ${before}`)
})
