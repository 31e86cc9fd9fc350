import { shownValue } from '../config/functions.js'
import { parseConfig } from '../config/parse.js'
import type { Config } from '../config/schema.js'
import type { WeightsFile } from '../interop/weights-file.js'
import { CHECKPOINT_FORMAT, WEIGHTS_FORMAT } from '../interop/weights-format.js'
import { PUZZLE_TABLE } from '../model/weights.js'
import type { Recursion } from '../recursion/data.js'
import { pseudocode } from '../recursion/pseudocode.js'
import { formatTable } from '../results/text.js'

/** Descriptions of file formats. */
const FORMATS: Readonly<Record<WeightsFile['format'], string>> = {
  pytorch: 'official PyTorch file (zip and pickle)',
  safetensors: 'plain safetensors',
  [WEIGHTS_FORMAT]: 'weights of Recurlab',
  [CHECKPOINT_FORMAT]: 'checkpoint of a run of Recurlab',
}

/** Names of initial latents, which are not parameters. */
const INITIAL_STATE = /^[A-Za-z][A-Za-z0-9]*_init$/

/** Returns the facts about a file of weights as one object, which `--json` prints. */
export function weightsFacts(file: WeightsFile): Record<string, unknown> {
  const { format, weights, config, configFrom, sizes, dataHash, step, notes } = file
  return {
    file: file.file,
    format,
    weights,
    step,
    dataHash,
    parameters: countNumbers(file, (name) => !INITIAL_STATE.test(name)),
    embedded: countNumbers(file, (name) => name === PUZZLE_TABLE),
    sizes,
    config,
    configFrom,
    tensors: [...file.tensors].map(([name, { shape }]) => ({ name, shape })),
    notes,
  }
}

/** Returns the facts about a file of weights as lines of text. */
export function describeWeights(file: WeightsFile): string {
  const { format, weights, config, configFrom, sizes, dataHash, step, notes } = file
  const { model, latents, networks, mixer, layers, layersH, hidden, recursion } = parseConfig(config)
  const parameters = countNumbers(file, (name) => !INITIAL_STATE.test(name))
  const embedded = countNumbers(file, (name) => name === PUZZLE_TABLE)
  const blocks = layersH === null ? `${layers}` : `${layersH} + ${layers}`
  const kind = [
    model,
    model === 'trm' && latents !== null && latents !== 'two' ? `${latents} z` : '',
    networks === 'separate' ? 'separate networks' : '',
    mixer === 'mlp' ? 'MLP' : shownValue(mixer),
    `${blocks} layer${blocks === '1' ? '' : 's'} of ${hidden}`,
  ]
  const lines = [
    ['format', FORMATS[format]],
    ['weights', weights === 'saved' ? 'as saved (EMA or live: unknown)' : weights === 'ema' ? 'EMA' : 'live'],
    ['model', kind.filter(Boolean).join(', ')],
    ...(recursion ? [['recursion', recursionWords(recursion, networks)]] : []),
    ['parameters', `${number(parameters)}, ${number(embedded)} of them puzzle embedding`],
    [
      'data',
      `vocabulary of ${sizes.vocabSize}, ${sizes.seqLen ?? 'an unknown number of'} tokens, ${number(sizes.puzzleIdentifiers)} identifier${sizes.puzzleIdentifiers === 1 ? '' : 's'}`,
    ],
    ['data hash', dataHash ?? 'unknown'],
    ['step', step === null ? 'unknown' : number(step)],
    ['configuration', configFrom ?? 'none: only what the tensors show'],
  ]
  const tensors = [...file.tensors].map(([name, { shape }]) => ({ tensor: name, shape: `[${shape.join(', ')}]` }))
  return [
    file.file,
    ...lines.map(([key, value]) => `  ${key!.padEnd(14)} ${value}`),
    '',
    formatTable(tensors),
    ...(notes.length > 0 ? ['', ...notes.map((note) => `note: ${note}`)] : []),
  ].join('\n')
}

/** Returns the name and the pseudocode, with a note that the published code lacks this recursion. */
function recursionWords(recursion: Recursion, networks: Config['networks']): string {
  const name = recursion.name === undefined ? '' : `${recursion.name}: `
  return `${name}${pseudocode(recursion, networks ?? 'shared')} (the published code does not support it)`
}

function countNumbers({ tensors }: WeightsFile, which: (name: string) => boolean): number {
  let count = 0
  for (const [name, { data }] of tensors) if (which(name)) count += data.length
  return count
}

function number(value: number): string {
  return value.toLocaleString('en-US')
}
