import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { openTorchFile } from '../../lib/interop/formats/torch.js'
import { readWeightsFile } from '../../lib/interop/weights-file.js'
import type { Random } from '../../lib/random.js'
import {
  assemble,
  dictionary,
  floats,
  global,
  int,
  short,
  storage,
  tensor,
  text,
  torchFile,
  u32,
  u64,
} from '../files/assemble.js'
import { root } from '../shared.js'
import { type Trial, trials } from '../trials.js'
import { readsOrRefuses } from './holds.js'
import { mutated, pick } from './mutate.js'

const folder = mkdtempSync(path.join(tmpdir(), 'recurlab-hostile-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** A file that appears when a pickle runs something. */
const RAN = path.join(folder, 'ran')

const KNOWN: readonly [string, string][] = [
  ['collections', 'OrderedDict'],
  ['torch._utils', '_rebuild_tensor_v2'],
  ['torch._utils', '_rebuild_parameter'],
  ['torch', 'FloatStorage'],
  ['torch', 'Size'],
  ['torch', 'device'],
  ['builtins', 'set'],
  ['builtins', 'bytearray'],
  ['_codecs', 'encode'],
  ['builtins', 'complex'],
]
const DANGEROUS: readonly [string, string][] = [
  ['os', 'system'],
  ['posix', 'system'],
  ['builtins', 'eval'],
  ['builtins', 'getattr'],
  ['subprocess', 'Popen'],
  ['collections.OrderedDict', '__class__'],
  ['constructor', 'constructor'],
]
const WORDS = [
  'w',
  'model',
  'config',
  'ema',
  'step',
  'state_dict',
  '__proto__',
  'constructor',
  'toString',
  '',
  '\u0000',
  'ü',
  `touch ${RAN}`,
]

/** Opcodes of one value; `deep` bounds the nesting. */
function value(random: Random, deep: number): Buffer {
  const inner = (): Buffer => value(random, deep - 1)
  const several = (): Buffer[] => Array.from({ length: random.int(4) }, inner)
  const kinds: readonly (() => Buffer)[] = [
    () => int(pick(random, [0, 1, -1, 4, 2 ** 31 - 1])),
    () => text(pick(random, WORDS)),
    () => short(pick(random, WORDS)),
    () => assemble(pick(random, ['N', '\x88', '\x89', ')', '}', ']', 'G\x7f\xf0\x00\x00\x00\x00\x00\x00'])),
    () => assemble('\x8a', Buffer.of(random.int(20)), Buffer.alloc(random.int(20), 0xff)),
    () => tensor({ key: String(random.int(3)), shape: [random.int(3), random.int(3)], offset: random.int(3) }),
    () => storage(String(random.int(3)), 'FloatStorage', random.int(6)),
    () => assemble(pick(random, ['h', 'q']), Buffer.of(random.int(4))),
    () => assemble('j', u32(random.int(6))),
    ...(deep > 0
      ? [
          () => assemble('(', ...several(), 't'),
          () => assemble(inner(), inner(), '\x86'),
          () => assemble('](', ...several(), 'e'),
          () => assemble(']q', Buffer.of(random.int(4)), 'h', Buffer.of(random.int(4)), 'a'),
          () => assemble('}(', ...several(), ...several(), 'u'),
          () => assemble('}', inner(), inner(), 's'),
          () => assemble(global(...pick(random, KNOWN)), '(', ...several(), 'tR'),
          () => assemble(global(...pick(random, KNOWN)), inner(), 'R'),
          () => assemble(short(pick(random, WORDS)), short(pick(random, WORDS)), '\x93'),
          () => assemble(global('collections', 'OrderedDict'), ')R', inner(), 'b'),
          () => assemble(inner(), 'Q'),
        ]
      : []),
    () => assemble(global(...pick(random, DANGEROUS)), text(`touch ${RAN}`), '\x85R'),
    () => assemble('X', u32(pick(random, [0, 5, 2 ** 31, 2 ** 32 - 1]))),
    () => assemble('\x95', u64(BigInt(pick(random, [0, 8, Number.MAX_SAFE_INTEGER])))),
    () => Buffer.of(random.int(256)),
  ]
  // Faulty kinds come last and are drawn rarely, so that most pickles go on for a while.
  return random.int(12) === 0 ? pick(random, kinds)() : pick(random, kinds.slice(0, -4))()
}

const VALID: readonly Buffer[] = [
  dictionary([
    ['w', tensor({ key: '0', shape: [2, 2] })],
    ['b', tensor({ key: '1', shape: [2] })],
  ]),
  assemble(
    '\x80\x04\x95',
    u64(40n),
    '}\x94(',
    short('model'),
    '\x94}\x94',
    short('w'),
    '\x94',
    tensor({ key: '0', shape: [4] }),
    's',
    short('step'),
    '\x94K\x05u.',
  ),
]
const STORAGES = { 0: floats(1, 2, 3, 4), 1: floats(5, 6), 2: floats() }
const ARCHIVES = ['module.pt', 'views.pt', 'views-protocol-4.pt', 'nested.pt'].map((name) =>
  readFileSync(path.join(root, 'tests', 'fixtures', 'official', name)),
)

function hostile(index: number, random: Random): Buffer {
  if (index % 4 === 0) return mutated(pick(random, ARCHIVES), random)
  if (index % 4 === 1) return torchFile(mutated(pick(random, VALID), random), STORAGES)
  const items = Array.from({ length: 1 + random.int(5) }, () => [pick(random, WORDS), value(random, 3)] as const)
  const pickle = index % 4 === 2 ? dictionary(items) : assemble('\x80\x04', value(random, 5), '.')
  return torchFile(random.int(3) === 0 ? mutated(pickle, random) : pickle, STORAGES, { zip64: random.int(8) === 0 })
}

const attempt = async (_: undefined, { index, random }: Trial): Promise<void> => {
  const file = path.join(folder, 'x.pt')
  writeFileSync(file, hostile(index, random))
  await readsOrRefuses(() => readWeightsFile(file), { megabytes: 200 })
  assert.equal(existsSync(RAN), false, 'the pickle ran a command')
}

test('an unchanged archive is read', async () => {
  const file = path.join(folder, 'valid.pt')
  writeFileSync(file, torchFile(VALID[0]!, STORAGES))
  const torch = await openTorchFile(file)
  torch.close()
})

test(
  ...trials(
    'a generated or changed file of torch.save is read, or refused by one error, in bounded time and memory, and runs nothing',
    { cases: Array.from({ length: 10_000 }, () => undefined), sample: 600 },
    attempt,
  ),
)

/** Opcodes that make a value of the one before, which is in the memo under `i`, twice. */
const twice = (open: string, close: string) => (i: number) =>
  assemble(open, 'j', u32(i), 'j', u32(i), close, 'r', u32(i + 1))
const repeated = (times: number, layer: (i: number) => Buffer): Buffer =>
  assemble('(', text('x'), 'r', u32(0), ...Array.from({ length: times }, (_, i) => layer(i)), 't')
const LAYERS = 60

/** Pickles that stand for far more than their bytes, and values that hold themselves. */
const BOMBS: ReadonlyMap<string, () => Buffer> = new Map([
  ['tuples of tuples as a value', () => repeated(LAYERS, twice('', '\x86'))],
  ['lists of lists as a value', () => repeated(LAYERS, twice('](', 'e'))],
  [
    'dictionaries of dictionaries',
    () =>
      repeated(LAYERS, (i) => assemble('}', text('a'), 'j', u32(i), 's', text('b'), 'j', u32(i), 's', 'r', u32(i + 1))),
  ],
  ['tuples of tuples as a key', () => assemble('}', repeated(LAYERS, twice('', '\x86')), 'Ns')],
  [
    'tuples of tuples as a key of a state',
    () => assemble(global('collections', 'OrderedDict'), ')R}', repeated(LAYERS, twice('', '\x86')), 'Nsb'),
  ],
  [
    'tuples of tuples as arguments',
    () => assemble(global('torch', 'Size'), repeated(LAYERS, twice('', '\x86')), '\x85R'),
  ],
  ['a list that contains itself', () => assemble(']q\x00h\x00a')],
  ['a dictionary that contains itself', () => assemble('}q\x00', text('a'), 'h\x00s')],
  ['two lists that contain each other', () => assemble(']q\x00]q\x01h\x00ah\x01ah\x00\x86')],
  [
    'a list that grows deeper after it is used',
    () => repeated(200, (i) => assemble(']r', u32(2 * i + 1), ']r', u32(2 * i + 2), 'aj', u32(2 * i + 1), 'a')),
  ],
  ['tuples a million deep', () => assemble(')', Buffer.alloc(1_000_000, 0x85))],
  ['lists a hundred thousand deep', () => assemble(Buffer.alloc(100_000, ']'), Buffer.alloc(99_999, 'a'))],
  ['a million arguments', () => assemble(global('torch', 'device'), '(', Buffer.alloc(1_000_000, 'N'), 'tR')],
  ['a million marks', () => Buffer.alloc(1_000_000, '(')],
  ['three million values', () => assemble('(', Buffer.alloc(3_000_000, 'N'), 't')],
  [
    'a shape of a million sizes',
    () =>
      assemble(
        global('torch._utils', '_rebuild_tensor_v2'),
        '(',
        storage('0', 'FloatStorage', 4),
        'K\x00(',
        Buffer.alloc(1_000_000, 'K\x01'),
        't)\x89}tR',
      ),
  ],
])

test(
  ...trials(
    'a pickle that stands for more than it holds is refused, within seconds',
    {
      cases: [...BOMBS.keys()].flatMap((name) => [`${name}, as a value`, `${name}, as the configuration`]),
      sample: 12,
    },
    async (name) => {
      const bomb = BOMBS.get(name.slice(0, name.lastIndexOf(',')))!()
      const weights = assemble('}', text('w'), tensor({ key: '0', shape: [4] }), 's')
      const file = path.join(folder, 'bomb.pt')
      const items: [string, Uint8Array][] = [
        ['model', weights],
        [name.endsWith('configuration') ? 'config' : 'x', assemble('}', text('a'), bomb, 's')],
      ]
      writeFileSync(file, torchFile(dictionary(items), STORAGES))
      await assert.rejects(openTorchFile(file).then((torch) => torch.close()))
      await readsOrRefuses(() => readWeightsFile(file), { megabytes: 1000 })
    },
  ),
)
