import type { Dataset } from '../../../data/dataset.js'
import { type ExampleChoice, exampleOf } from '../../../data/example.js'
import { type DatasetFacts, datasetFacts } from '../../../data/facts.js'
import type { Repeats } from '../../../data/overlap.js'
import { loadDataset } from '../../../data/store.js'
import { describeExample } from '../../../plot/puzzle.js'
import { boardsOf } from '../../../plot/puzzle-board.js'
import { boardsText } from '../../../plot/puzzle-text.js'
import { formatTable } from '../../../results/text.js'
import { type Args, wrongUse } from '../../command.js'
import { onlyKeys } from '../../keys.js'
import { describeDataset, print } from './print.js'

/** The part of `recurlab data --help` about what is in a data set. */
export const infoHelp = `recurlab data info DIR [example=N] [split=train|test] [version=N] [seed=N] [--color] [--json]
  Counts, vocabulary, ratings, names of identifiers, duplicates within and across the splits, and a picture of one
  example (default: the first training one), as it is stored or in a version that training would draw. DIR is a data set
  of ours, or a folder of the published builders.
  --color       colours also where the output is no terminal`

/** `recurlab data info DIR`. @throws UserError for wrong use and data that cannot be read. */
export function infoAction({ words, pairs, flags }: Args): number {
  const [, dir] = words
  if (dir === undefined) throw wrongUse('a folder after data info', 'none')
  const { example, split, version, seed } = onlyKeys(pairs, ['example', 'split', 'version', 'seed'])
  if (split !== undefined && split !== 'train' && split !== 'test') throw wrongUse('split=train or split=test', split)
  const choice: ExampleChoice = {
    ...(split === undefined ? {} : { split }),
    ...(example === undefined ? {} : { example: whole('example', example) }),
    ...(version === undefined ? {} : { version: whole('version', version) }),
    ...(seed === undefined ? {} : { seed: whole('seed', seed) }),
  }
  const data = loadDataset(dir)
  const shown = exampleOf(data, choice)
  const facts = datasetFacts(data)
  if (flags.has('json')) {
    const { input, label, ...about } = shown
    const picture = { ...about, input: [...input], label: [...label] }
    print(JSON.stringify({ hash: data.hash, manifest: data.manifest, ...facts, example: picture }, null, 2))
    return 0
  }
  print(describeDataset(data, facts.splits))
  print(identifierWords(facts))
  print(duplicateWords(data, facts))
  print(`\n${vocabularyText(facts)}`)
  const boards = boardsOf(data.manifest, [
    { title: 'puzzle', tokens: shown.input },
    { title: 'answer', tokens: shown.label, puzzle: shown.input },
  ])
  const color = flags.has('color') || process.stdout.isTTY === true
  print(`\n${describeExample(data, shown)}\n${boardsText(boards, { color })}`)
  return 0
}

function identifierWords({ identifiers: { count, first } }: DatasetFacts): string {
  const names = `${first.join(', ')}${count > first.length ? ', …' : ''}`
  return `names      ${count} puzzle ${count === 1 ? 'identifier' : 'identifiers'}: ${names}`.replace(
    /\p{Cc}/gu,
    '\ufffd',
  )
}

function duplicateWords({ manifest }: Dataset, { duplicates: { literal, twins } }: DatasetFacts): string {
  const words = ({ train, test, across }: Repeats): string =>
    `${across} test puzzles are training puzzles, ${train} training and ${test} test puzzles repeat an earlier one`
  const lines = [`repeated   literally: ${words(literal)}`]
  const how = manifest.task === 'maze' ? 'turned or mirrored' : 'relabelled or permuted'
  if (twins) lines.push(`           ${how}: ${words(twins)}`)
  return lines.join('\n')
}

function vocabularyText({ vocabulary }: DatasetFacts): string {
  const percent = (share: number): number => Math.round(share * 10_000) / 100
  return formatTable(
    vocabulary.map(({ token, meaning, inInputs, inLabels }) => ({
      token,
      meaning,
      'in puzzles (%)': percent(inInputs),
      'in answers (%)': percent(inLabels),
    })),
  )
}

function whole(key: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0 || text.trim() === '')
    throw wrongUse(`${key}=N, a whole number of 0 or more`, text)
  return value
}
