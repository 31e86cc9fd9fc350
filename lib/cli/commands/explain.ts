import type { GlossaryEntry } from '../../config/glossary.js'
import { keyExamples } from '../../config/key-examples.js'
import { parseConfig } from '../../config/parse.js'
import { type MetricEntry, metricGlossary } from '../../evaluate/metric-glossary.js'
import { didYouMean } from '../../options/nearest.js'
import { formatTable } from '../../results/text.js'
import { tasksWithKey } from '../../tasks/data-keys.js'
import { glossary } from '../../tasks/glossary.js'
import { presets } from '../../tasks/presets.js'
import { type Command, wrongUse } from '../command.js'
import { glossaryBlocks, sentence } from '../glossary-help.js'
import { type HelpBlock, type HelpRow, helpWidth, layOut } from '../help.js'
import { onlyKeys } from '../keys.js'

/** An explanation of a key, metric or preset: its text, and its content for `--json`. */
interface Explained {
  readonly blocks: readonly HelpBlock[]
  readonly facts: Readonly<Record<string, unknown>>
}

/** `recurlab explain [KEY|METRIC|PRESET …]`. */
export const command: Command = {
  help: [
    "KEY is a key of the configuration, by its name here, its symbol in the paper or its name in the published code's configuration; METRIC is a column of a run's metrics or evaluations; PRESET is a preset of recurlab train. Without arguments, the whole glossary is printed. In a notebook, glossary() returns it as a table.",
    { title: 'Options', rows: [['--json', 'Prints the entries as JSON.']] },
  ],
  example: 'explain mixer test.exact sudoku-lab',
  flags: { json: false },
  run({ words, pairs, flags }) {
    onlyKeys(pairs, [])
    const explained = words.length > 0 ? words.flatMap(explain) : all()
    if (flags.has('json')) process.stdout.write(`${JSON.stringify(explained.map(({ facts }) => facts))}\n`)
    else process.stdout.write(layOut(words.length > 0 ? explained.flatMap(({ blocks }) => blocks) : overview()))
    return 0
  },
}

function all(): Explained[] {
  return [...glossary().map(ofKey), ...metricGlossary.map(ofMetric), ...Object.keys(presets).map(ofPreset)]
}

function overview(): HelpBlock[] {
  return [
    'Configuration keys with their defaults.',
    ...glossaryBlocks(),
    { title: 'Metrics', rows: metricGlossary.map((entry): HelpRow => [entry.metric, metricWords(entry)]) },
    {
      title: 'Presets',
      rows: Object.entries(presets).map(([name, { summary }]): HelpRow => [name, sentence(summary)]),
    },
    'recurlab explain NAME shows details: range, symbol, published name, presets, an example.',
  ]
}

/**
 * Returns the explanations of a name, which may be both a key and a metric. @throws UserError (exit code 2) naming the
 * nearest.
 */
function explain(word: string): Explained[] {
  const entries = glossary()
  const found = [
    ...entries.filter(({ key }) => key === word).map(ofKey),
    ...metricGlossary.filter(({ metric }) => metric === word.replace(/@\d+$/, '@k')).map(ofMetric),
    ...(Object.hasOwn(presets, word) ? [ofPreset(word)] : []),
  ]
  if (found.length > 0) return found
  const elsewhere = entries.filter(({ symbol, published }) =>
    [...symbol.split(', '), published.replace(/^.*: /, '')].includes(word),
  )
  if (elsewhere.length > 0) return elsewhere.map(ofKey)
  const names = [
    ...entries.map(({ key }) => key),
    ...metricGlossary.map(({ metric }) => metric),
    ...Object.keys(presets),
  ]
  throw wrongUse(
    'a key of the configuration, a metric or a preset',
    word,
    didYouMean(word, names) ?? 'recurlab explain lists them all.',
  )
}

function ofKey(entry: GlossaryEntry): Explained {
  const { key, group, symbol, published, type, meaning } = entry
  const tasks = tasksWithKey(key)
  const rows: HelpRow[] = [
    ['Meaning', meaning],
    ['Takes', `${type}.`],
    ['Default', `${entry.default}.`],
    ...(tasks.length === 0 ? [] : [['Tasks', `${tasks.join(', ')}.`] as const]),
    ...(symbol === '' ? [] : [['In the paper', `${symbol}.`] as const]),
    ...(published === '' ? [] : [['Published code', `${published}.`] as const]),
    ['Presets', presetWords(key)],
    ['Example', `npx recurlab train ${keyExamples[key]}`],
  ]
  return {
    blocks: [{ title: `${key}, a key of the configuration (${group})`, rows }],
    facts: { kind: 'key', ...entry, presets: valuesInPresets(key), example: `recurlab train ${keyExamples[key]}` },
  }
}

/** Returns the presets that set a key, with their values. */
function valuesInPresets(key: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(presets).flatMap(([name, { config }]) =>
      Object.hasOwn(config, key) ? [[name, (config as Readonly<Record<string, unknown>>)[key]]] : [],
    ),
  )
}

function presetWords(key: string): string {
  const byValue = new Map<string, string[]>()
  for (const [name, value] of Object.entries(valuesInPresets(key)))
    byValue.set(String(value), [...(byValue.get(String(value)) ?? []), name])
  if (byValue.size === 0) return 'None sets it.'
  return `${[...byValue].map(([value, names]) => `${value}: ${names.join(', ')}`).join('; ')}.`
}

function ofMetric(entry: MetricEntry): Explained {
  const where = { test: 'evaluations', train: 'training', both: 'training and evaluations' }[entry.group]
  return {
    blocks: [
      {
        title: `${entry.metric}, a metric of ${where}`,
        rows: [['Meaning', entry.meaning], ...(entry.unit === '' ? [] : [['Unit', unitWords(entry)] as const])],
      },
    ],
    facts: { kind: 'metric', ...entry },
  }
}

function unitWords({ unit }: MetricEntry): string {
  return unit === 'share' ? 'A share, 0 to 1 in tables of Arrow and JSON; shown in percent.' : `${unit}.`
}

function metricWords({ unit, meaning }: MetricEntry): string {
  return unit === 'share' ? `Share. ${meaning}` : unit === '' ? meaning : `${meaning} Unit: ${unit}.`
}

function ofPreset(name: string): Explained {
  const { summary, config } = presets[name]!
  const entries = glossary()
  const values = config as Readonly<Record<string, unknown>>
  const set = entries.filter(({ key }) => Object.hasOwn(values, key))
  const others = entries.filter(({ key }) => !Object.hasOwn(values, key))
  const table = set.map(({ key, default: standard, meaning }) => {
    return { key, [name]: String(values[key]), default: standard, meaning }
  })
  return {
    blocks: [
      `${name}, a preset: ${sentence(summary)}`,
      ...(table.length > 0
        ? [{ title: 'Keys that it sets', lines: formatTable(table, { width: helpWidth() - 2 }).split('\n') }]
        : []),
      `${table.length > 0 ? 'The other keys have their defaults' : 'Every key has its default'}: ${others
        .map(({ key, default: value }) => `${key}=${value}`)
        .join(', ')}.`,
      { title: 'Example', command: `train ${name} seed=1` },
    ],
    facts: {
      kind: 'preset',
      preset: name,
      summary,
      config: parseConfig(config),
      set: Object.fromEntries(set.map(({ key }) => [key, values[key]])),
    },
  }
}
