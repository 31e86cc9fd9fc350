import type { Dataset } from '../../../data/dataset.js'
import { type ExampleChoice, exampleOf } from '../../../data/example.js'
import { writeOwn } from '../../../escape/terminal.js'
import { visible } from '../../../escape/visible.js'
import { describeExample } from '../../../plot/puzzle.js'
import { boardsOf } from '../../../plot/puzzle-board.js'
import { boardsText } from '../../../plot/puzzle-text.js'
import { formatTable } from '../../../results/text.js'
import { percentText } from '../../../statistics/rounding.js'
import { type DatasetFacts, datasetFacts } from '../../../storage/facts.js'
import type { Repeats } from '../../../storage/overlap.js'
import { loadDataset } from '../../../storage/store.js'
import { findTask } from '../../../tasks/registry.js'
import { type Args, type Command, oneWord } from '../../command.js'
import { choiceOf, given, onlyKeys, wholeOf } from '../../keys.js'
import { describeDataset, print } from './print.js'

/** `recurlab data info DIR`. */
export const command: Command = {
  help: [
    'Counts, vocabulary, ratings, names of identifiers, duplicates within and across the splits, and a picture of one example, as it is stored or in a version that training would draw. DIR is a data set of Recurlab or a folder of the published builders.',
    {
      title: 'Options',
      rows: [
        ['example=N', 'Index of the example, from 0. Default: 0.'],
        ['split=train|test', 'Split of the example. Default: train.'],
        ['version=N', 'Version of the example as training would draw it. Default: the stored one.'],
        ['seed=N', 'Seed of that version. Default: 0.'],
        ['--color', 'Uses colours even if the output is not a terminal.'],
        ['--json', 'Prints everything as JSON.'],
      ],
    },
  ],
  example: 'data info data/sudoku-6x6 example=1 version=0',
  flags: { json: false, color: false },
  run: info,
}

/** @throws UserError for wrong usage and data that cannot be read. */
function info({ words, pairs, flags }: Args): number {
  const dir = oneWord(words, 'one folder')
  const { example, split, version, seed } = onlyKeys(pairs, ['example', 'split', 'version', 'seed'])
  const choice: ExampleChoice = given({
    split: choiceOf('split', split, ['train', 'test']),
    example: wholeOf('example', example, 0),
    version: wholeOf('version', version, 0),
    seed: wholeOf('seed', seed, 0),
  })
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
  print(`\n${describeExample(data, shown)}`)
  writeOwn(process.stdout, `${boardsText(boards, { color })}\n`)
  return 0
}

function identifierWords({ identifiers: { count, first } }: DatasetFacts): string {
  const names = `${first.join(', ')}${count > first.length ? ', …' : ''}`
  return `names      ${count} puzzle ${count === 1 ? 'identifier' : 'identifiers'}: ${visible(names)}`
}

function duplicateWords({ manifest }: Dataset, { duplicates: { literal, twins } }: DatasetFacts): string {
  const words = ({ train, test, across }: Repeats): string =>
    `${across} test puzzles are training puzzles, ${train} training and ${test} test puzzles repeat an earlier one`
  const lines = [`repeated   literally: ${words(literal)}`]
  if (twins) lines.push(`           ${findTask(manifest.task)?.sameness?.twins ?? 'twins'}: ${words(twins)}`)
  return lines.join('\n')
}

function vocabularyText({ vocabulary }: DatasetFacts): string {
  const percent = (share: number): number => Number(percentText(share, 2))
  return formatTable(
    vocabulary.map(({ token, meaning, inInputs, inLabels }) => ({
      token,
      meaning,
      'in puzzles (%)': percent(inInputs),
      'in answers (%)': percent(inLabels),
    })),
  )
}
