import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import type { ConfigInput } from '../../lib/config/schema.js'
import { UserError } from '../../lib/errors.js'
import { sealedPieces } from '../../lib/files/sealed.js'
import { readWeightsFile } from '../../lib/interop/weights-file.js'
import type { HostTensor } from '../../lib/model/weights.js'
import { writeSafetensors } from '../files/write-safetensors.js'
import { temporaryFolder } from './fixture.js'
import { SMALL, tensorsOf } from './weights-fixture.js'

const folder = temporaryFolder()
let count = 0

type Tensors = readonly (readonly [string, HostTensor])[]
const zeros = (...shape: number[]): HostTensor => ({
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
})
const good: Tensors = [...tensorsOf(SMALL)]
const mlp: Tensors = [...tensorsOf({ ...SMALL, mixer: 'mlp' })]
const without = (name: string): Tensors => good.filter(([other]) => other !== name)
const instead = (name: string, tensor: HostTensor): Tensors => [...without(name), [name, tensor]]

/** Reads weights with a configuration beside them, in a folder of their own. */
async function read(tensors: Tensors, config?: { name: string; text: string | Uint8Array }): Promise<unknown> {
  const dir = path.join(folder, `${count++}`)
  mkdirSync(dir)
  const file = path.join(dir, 'w.safetensors')
  writeFileSync(file, writeSafetensors(tensors))
  if (config) writeFileSync(path.join(dir, config.name), config.text)
  return readWeightsFile(file, config ? { config: path.join(dir, config.name) } : {})
}

async function assertRefused(name: string, work: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof UserError, `${name}: ${String((error as Error).stack)}`)
    assert.ok(error.message.startsWith(folder), `${name}: the file comes first: ${error.message}`)
    assert.match(error.message, /expected .+, found .+\./s, name)
    assert.match(error.message, message, name)
    return true
  })
}

const TENSORS: [name: string, tensors: Tensors, message: RegExp][] = [
  ['no tensors', [], /tensor embed_tokens\.embedding_weight: expected a matrix.*no such tensor among none/],
  ['tensors of something else', [['bert.w', zeros(2, 2)]], /no such tensor among "bert\.w"/],
  [
    'an embedding that is a vector',
    instead('embed_tokens.embedding_weight', zeros(5)),
    /expected a matrix.*found \[5\]/,
  ],
  ['no blocks', good.filter(([name]) => !name.includes('layers')), /tensor H_level\.layers\.0\.mlp\.down_proj\.weight/],
  [
    'a missing head',
    without('lm_head.weight'),
    /tensor lm_head\.weight: expected the 11 tensors of this model, found 10, without "lm_head\.weight"/,
  ],
  [
    'a missing layer between two',
    [...good, ['L_level.layers.2.mlp.down_proj.weight', zeros(4, 256)]],
    /found 12, without "L_level\.layers\.1\.self_attn/,
  ],
  [
    'a tensor too many',
    [...good, ['L_level.norm.weight', zeros(4)]],
    /expected the 11 tensors of this model, found 12, with "L_level\.norm\.weight", which the model does not have/,
  ],
  [
    'a head of another size',
    instead('lm_head.weight', zeros(6, 4)),
    /tensor lm_head\.weight: expected shape \[5, 4\], found \[6, 4\]/,
  ],
  [
    'a vector as a head',
    instead('q_head.bias', zeros(2, 1)),
    /tensor q_head\.bias: expected shape \[2\], found \[2, 1\]/,
  ],
  [
    'two that do not fit',
    [...good.filter(([n]) => !/q_head/.test(n)), ['q_head.bias', zeros(3)], ['q_head.weight', zeros(3, 4)]],
    /nor do the shapes of "q_head\.bias" fit/,
  ],
  ['a layer of another width', instead('L_level.layers.0.self_attn.o_proj.weight', zeros(4, 9)), /heads.*|o_proj/],
  [
    'names that meet',
    [...good, ['model.inner.lm_head.weight', zeros(5, 4)]],
    /tensor "model\.inner\.lm_head\.weight": expected lm_head\.weight once, found it is the name of "lm_head\.weight" too/,
  ],
  [
    'a name that is a wrapper alone',
    [...good, ['_orig_mod.model.', zeros(1)]],
    /expected a published name, found nothing else/,
  ],
  [
    'a reserved name under a wrapper',
    [...good, ['model.__proto__', zeros(1)]],
    /expected a published name, found a reserved word/,
  ],
]

const flat = {
  seq_len: 6,
  vocab_size: 5,
  num_puzzle_identifiers: 3,
  puzzle_emb_ndim: 4,
  puzzle_emb_len: 2,
  H_cycles: 2,
  L_cycles: 3,
  H_layers: 0,
  L_layers: 1,
  hidden_size: 4,
  expansion: 4,
  num_heads: 2,
  pos_encodings: 'rope',
  halt_max_steps: 4,
}
const json = (changes: Record<string, unknown>): string => JSON.stringify({ ...flat, ...changes })

const JSON_CONFIGS: [name: string, text: string | Uint8Array, message: RegExp][] = [
  [
    'hidden_size',
    json({ hidden_size: 8 }),
    /config\.json, key hidden: expected hidden 4, as the tensors have it.*found 8/,
  ],
  ['L_layers', json({ L_layers: 2 }), /key layers: expected layers 1.*found 2/],
  ['vocab_size', json({ vocab_size: 11 }), /key vocab_size: expected vocab_size 5.*found 11/],
  ['num_puzzle_identifiers', json({ num_puzzle_identifiers: 4 }), /key num_puzzle_identifiers: .* 3.*found 4/],
  ['puzzle_emb_ndim', json({ puzzle_emb_ndim: 8 }), /key puzzleDim: expected puzzleDim 4.*found 8/],
  ['mlp_t', json({ mlp_t: true }), /key mixer: expected mixer attention.*found mlp/],
  [
    'learned positions that are not there',
    json({ pos_encodings: 'learned' }),
    /key positions: .*no embed_pos.*found learned/,
  ],
  [
    'positions unheard of',
    json({ pos_encodings: 'alibi' }),
    /key pos_encodings: expected one of rope, learned, none, found "alibi"/,
  ],
  ['an expansion of another width', json({ expansion: 64.5 }), /key expansion: expected at most 64, found 64\.5/],
  ['an expansion that does not fit', json({ expansion: 64 * 2 }), /key expansion/],
  ['heads that are words', json({ num_heads: 'two' }), /key num_heads: expected a (whole )?number, found "two"/],
  ['half a layer', json({ L_layers: 0.5 }), /key L_layers: expected a whole number, found 0\.5/],
  ['a negative size', json({ seq_len: -6 }), /key seq_len: expected a whole number of 1 or more, found -6/],
  ['a size as a word', json({ vocab_size: '5' }), /key vocab_size: expected a whole number of 1 or more, found "5"/],
  ['a causal model', json({ causal: true }), /key causal: expected false, found true/],
  ['another theta', json({ rope_theta: 5e5 }), /key rope_theta: expected 10000, found 500000/],
  ['a flag that is a number', json({ no_ACT_continue: 1 }), /key no_ACT_continue: expected true or false, found 1/],
  [
    'an unknown loss',
    json({ loss_type: 'hinge' }),
    /key loss_type: expected stablemax_cross_entropy or softmax_cross_entropy/,
  ],
  [
    'an interpolation left open',
    json({ puzzle_emb_ndim: `\${.hidden_size}` }),
    /key puzzle_emb_ndim: .*found "\$\{\.hidden_size\}"/,
  ],
  ['arch as a word', '{"arch": "trm", "hidden_size": 4}', /key arch: expected keys with values, found a string/],
  [
    'a loss as a list',
    '{"arch": {"hidden_size": 4, "loss": []}}',
    /key arch\.loss: expected keys with values, found a list/,
  ],
  [
    'a key inside and outside arch',
    '{"hidden_size": 4, "arch": {"hidden_size": 4}}',
    /key arch\.hidden_size: expected every key once, found hidden_size too/,
  ],
  [
    'a model unheard of',
    '{"arch": {"name": "x.gpt@GPT"}}',
    /key arch\.name: expected a model of trm, .*found "x\.gpt@GPT"/,
  ],
  [
    'another model than the tensors',
    '{"arch": {"name": "recursive_reasoning.hrm@H"}}',
    /key arch\.name: expected the model of the tensors \(trm, latents two\)/,
  ],
  [
    'another kind of TRM',
    '{"arch": {"name": "recursive_reasoning.trm_singlez@T"}}',
    /latents two\), found ".*trm_singlez/,
  ],
  ['the name of a method', '{"arch": {"name": "x.toString@T"}}', /key arch\.name: expected a model of trm/],
  ['no JSON', '{"hidden_size": 4,', /config\.json: expected JSON/],
  ['an empty file', '', /expected JSON, found/],
  ['a list', '[1]', /expected keys with values, found a list/],
  ['null', 'null', /expected keys with values, found null/],
  ['a key twice', '{"hidden_size": 4, "hidden_size": 8}', /every key once, found "hidden_size" twice/],
  ['__proto__', '{"__proto__": {"hidden": 8}}', /keys that are plain words, found __proto__/],
  ['constructor deeper down', '{"arch": {"constructor": 1}}', /keys that are plain words, found constructor/],
  ['bytes that are no text', Uint8Array.of(0x7b, 0xff, 0x7d), /text in UTF-8, found invalid bytes/],
  [
    'lists in lists in lists',
    `{"evaluators": ${'['.repeat(20)}${']'.repeat(20)}}`,
    /at most 16 levels of keys, found more/,
  ],
  ['two megabytes', `{"x": "${'x'.repeat(2 ** 21)}"}`, /a configuration of at most 65536 bytes, found 2097/],
  ['our own key with a bad value', '{"heads": "many"}', /key heads/],
  [
    'our own keys that exclude each other',
    '{"heads": 2, "trainSteps": 3, "epochs": 4}',
    /config\.json: key trainSteps: expected either trainSteps or epochs/,
  ],
]

const YAML_CONFIGS: [name: string, text: string, message: RegExp][] = [
  [
    'a Python object',
    'arch: !!python/object/apply:os.system ["true"]\n',
    /all_config\.yaml, line 1: expected plain YAML.*Unresolved tag/,
  ],
  ['a tag of its own', 'a: 1\nb: !Thing {c: 2}\n', /line 2: expected plain YAML.*Unresolved tag/],
  ['binary data', 'a: !!binary aGVsbG8=\n', /expected plain YAML of keys and values, found a Buffer|Uint8Array/],
  ['a set', 'a: !!set {x, y}\n', /expected plain YAML of keys and values/],
  [
    'billion laughs',
    `a: &a [l]\n${[...'bcdefghi'].map((c, i) => `${c}: &${c} [${`*${'abcdefgh'[i]},`.repeat(9)}]`).join('\n')}\n`,
    /expected YAML with few aliases/,
  ],
  ['an alias of nothing', 'a: *nothing\n', /alias/i],
  ['a key twice', 'lr: 1\nlr: 2\n', /line 2: .*keys must be unique/],
  ['a tab', 'a:\n\tb: 1\n', /line 2: .*[Tt]abs/],
  ['two documents', 'a: 1\n---\nb: 2\n', /multiple documents/],
  ['a list', '- a\n- b\n', /expected keys with values, found a list/],
  ['nothing', '', /expected keys with values, found null/],
  ['__proto__', '__proto__: {hidden_size: 8}\n', /plain words, found __proto__/],
  ['brackets without end', '['.repeat(20_000), /at most 16 levels of keys, found more/],
  ['lists without end', '- '.repeat(20_000), /at most 16 levels of keys, found more/],
  ['questions without end', '? '.repeat(20_000), /at most 16 levels of keys, found more/],
  ['an open quote', 'a: "b\n', /line \d: expected plain YAML/],
]

test(`each of ${TENSORS.length} sets of tensors that are no model is one error with file, tensor, expected and found`, async () => {
  for (const [name, tensors, message] of TENSORS) await assertRefused(name, read(tensors), message)
})

test(`each of ${JSON_CONFIGS.length} bad JSON configurations is one error with file, key, expected and found`, async () => {
  await read(good, { name: 'config.json', text: json({}) })
  for (const [name, text, message] of JSON_CONFIGS)
    await assertRefused(name, read(good, { name: 'config.json', text }), message)
})

test(`each of ${YAML_CONFIGS.length} bad YAML configurations is one error with file, expected and found`, async () => {
  for (const [name, text, message] of YAML_CONFIGS)
    await assertRefused(name, read(good, { name: 'all_config.yaml', text }), message)
})

test('what an MLP’s tensors say of lengths contradicts a configuration of other lengths', async () => {
  const config = (changes: Record<string, unknown>): { name: string; text: string } => ({
    name: 'config.json',
    text: json({ mlp_t: true, pos_encodings: 'none', ...changes }),
  })
  await read(mlp, config({}))
  await assertRefused(
    'seq_len',
    read(mlp, config({ seq_len: 7 })),
    /key seq_len: expected seq_len 6, as the tensors have it \(L = 8, 2 of them puzzle tokens\), found 7/,
  )
  await assertRefused('puzzle_emb_len', read(mlp, config({ puzzle_emb_len: 1 })), /key seq_len: expected seq_len 7/)
  const { puzzle_emb_len: _, ...rest } = { ...flat, mlp_t: true, pos_encodings: 'none' }
  const told = (await read(mlp, { name: 'config.json', text: JSON.stringify(rest) })) as { config: ConfigInput }
  assert.equal(told.config.puzzleTokens, 2, 'L - seq_len')
})

test('damaged files of our own are found before they are parsed', async () => {
  const file = path.join(folder, 'own.safetensors')
  const sealed = Buffer.concat(sealedPieces(good, { format: 'recurlab-weights-2', config: '{"heads": 2}' }))
  writeFileSync(file, sealed)
  assert.equal((await readWeightsFile(file)).config.heads, 2)
  for (const at of [120, 400, sealed.length - 1]) {
    const damaged = Buffer.from(sealed)
    damaged[at]! ^= 1
    writeFileSync(file, damaged)
    await assertRefused(`byte ${at}`, readWeightsFile(file), /own\.safetensors: expected SHA-256/)
  }
})

for (const [name, metadata, message] of [
  ['a configuration that is no JSON', { config: '{' }, /own\.safetensors, config: expected JSON/],
  ['a configuration that is a list', { config: '[]' }, /, config: expected a JSON object, found \[\]/],
  ['sizes below one', { sizes: '{"seqLen": 0}' }, /, sizes\.seqLen: expected a whole number of 1 or more, found 0/],
  ['sizes that the tensors are not of', { sizes: '{"vocabSize": 9}' }, /key vocab_size: expected vocab_size 5/],
] as const)
  test(`${name}, in a file of our own, is refused`, async () => {
    const file = path.join(folder, 'own.safetensors')
    writeFileSync(file, Buffer.concat(sealedPieces(good, { format: 'recurlab-weights-2', ...metadata })))
    await assertRefused(name, readWeightsFile(file), message)
  })

test('a file of our own in the format of another version is refused by that format', async () => {
  const file = path.join(folder, 'earlier.safetensors')
  for (const format of ['recurlab-weights-1', 'recurlab-checkpoint-2']) {
    writeFileSync(file, Buffer.concat(sealedPieces(good, { format, weights: 'live' })))
    const message = new RegExp(`expected the format recurlab-weights-2 or recurlab-checkpoint-4, found ${format}`)
    await assertRefused(format, readWeightsFile(file), message)
  }
})

test('a set of weights that is not there is refused', async () => {
  const file = path.join(folder, 'sets.safetensors')
  writeFileSync(file, Buffer.concat(sealedPieces(good, { format: 'recurlab-weights-2', weights: 'live' })))
  await assertRefused('ema', readWeightsFile(file, { weights: 'ema' }), /expected EMA weights, found only live weights/)
  const state = { format: 'recurlab-checkpoint-4', state: '{"step":1}' }
  writeFileSync(file, Buffer.concat(sealedPieces(good, state)))
  await assertRefused('ema', readWeightsFile(file, { weights: 'ema' }), /expected EMA weights, found only live weights/)
  assert.ok(
    readdirSync(folder).every((name) => !name.startsWith('.')),
    'nothing half-written',
  )
})
