import type { z } from 'zod'
import type { ThinkOptions } from '../../../experiment/think/options.js'
import { think } from '../../../experiment/think/think.js'
import { optionsFromText } from '../../../options/options.js'
import { loadDataset } from '../../../storage/store.js'
import { rolloutOptions } from '../../../think/settings.js'
import { type Args, type Command, oneWord, wrongUse } from '../../command.js'
import type { HelpBlock, HelpRow } from '../../help.js'
import { abortOnInterrupt } from '../../interrupt.js'
import { choiceOf, given, listOf, onlyKeys, truthOf, wholeOf } from '../../keys.js'
import { CHECKPOINT_HELP, puzzleFit, whichCheckpoint, whichWeights } from '../../weights-output.js'
import { workStatus } from '../../work-status.js'
import { printRecording, SELECT_HELP, selected } from './print.js'

/** Keys of the command besides those of the rollouts. */
const OWN_KEYS = [
  ...(['data', 'split', 'puzzles', 'versions', 'dtype', 'weights', 'checkpoint', 'config'] as const),
  ...(['puzzleEmbedding', 'answers', 'floor', 'plain', 'select', 'name', 'out'] as const),
] as const

const ROLLOUT_KEYS = Object.keys(rolloutOptions.shape)

export const help: readonly HelpBlock[] = [
  "Lets a trained model think longer: D supervision steps in K rollouts of every puzzle, recorded after every step. RUN is a run's ID, a prefix of it, its folder, or a name of shipped weights (sudoku-6x6); FILE is a file of weights, official ones too. The recording answers any question about selectors, smaller K and smaller D: recurlab think show RECORDING.",
  { title: 'Rollouts', rows: rolloutRows() },
  {
    title: 'Options',
    rows: [
      ['data=DIR', "Another data set. Default: the weights' own."],
      ['split=train|test', 'Split to think about. Default: test.'],
      [
        'puzzles=N',
        'Number of puzzles, drawn at random and always the same; puzzles=3,5,8 or 0..9 names indices. Default: all.',
      ],
      ['versions=N', 'Maximum versions of each puzzle. Default: as in the run.'],
      ['dtype=auto|float32|bfloat16', 'Type that the blocks are computed in. Default: float32.'],
      SELECT_HELP,
      [
        'answers=last|all|none',
        "Answers that are kept: those of each rollout's last step, all or none. Default: last.",
      ],
      [
        'floor=true|false',
        'Whether the first rollouts are also computed in another precision, for the share of puzzles whose answer depends on it; not for guided particles. Default: true for at most 200 puzzles.',
      ],
      [
        'plain=true|false',
        'Whether one deterministic rollout of each puzzle is recorded too, which gains are measured against. Default: true.',
      ],
      ['weights=ema|live', 'The set of weights to use if there are two. Default: ema.'],
      CHECKPOINT_HELP,
      ['config=FILE', 'Configuration of a FILE without one. Default: the one beside it.'],
      ['puzzleEmbedding=mean|zero', 'Replaces each row of the puzzle embedding. Default: the rows stay.'],
      ['name=TEXT', "Name in the recording's ID. Default: that of the weights."],
      ['out=DIR', 'Results folder. Default: results.'],
      ['--json', 'Prints facts and accuracies as JSON.'],
    ],
  },
]

/** Returns the help of the rollouts' keys, from their schema. */
function rolloutRows(): HelpRow[] {
  return (Object.entries(rolloutOptions.shape) as [string, z.ZodType][]).map(([key, type]) => {
    const { data: value } = type.safeParse(undefined)
    return [`${key}=`, `${type.description ?? ''}${value === undefined ? '' : ` Default: ${value}.`}`]
  })
}

/** `recurlab think RUN|FILE`. */
export const command: Command = {
  help,
  example: 'think sudoku-6x6 depth=32 rollouts=16 noise=0.3 puzzles=200',
  onSignal: 'Nothing was recorded yet: the same command begins anew.',
  flags: { json: false },
  async run(args) {
    const name = oneWord(args.words, 'one run or file')
    const { options, data, select } = asked(args)
    const isJson = args.flags.has('json')
    const status = workStatus('thinking', 'supervision steps', isJson ? process.stderr : process.stdout)
    const interrupt = abortOnInterrupt()
    try {
      const recording = await think(name, data === undefined ? undefined : loadDataset(data), {
        ...options,
        ...given({ select }),
        onProgress: status.at,
        signal: interrupt.signal,
      })
      status.end()
      printRecording(recording, { ...given({ select }), json: isJson })
      return 0
    } finally {
      interrupt.end()
    }
  },
}

function asked({ pairs }: Args): {
  readonly options: ThinkOptions
  readonly data: string | undefined
  readonly select: ReturnType<typeof selected>
} {
  const own = onlyKeys(pairs, [...OWN_KEYS, ...ROLLOUT_KEYS] as (typeof OWN_KEYS)[number][])
  const rollouts = new Map([...pairs].filter(([key]) => ROLLOUT_KEYS.includes(key)))
  const options: ThinkOptions = {
    ...optionsFromText(rolloutOptions, rollouts, 'think'),
    ...given({
      resultsDir: own.out,
      configFile: own.config,
      name: own.name,
      split: choiceOf('split', own.split, ['train', 'test']),
      puzzles: puzzlesOf(own.puzzles),
      versions: wholeOf('versions', own.versions),
      dtype: choiceOf('dtype', own.dtype, ['auto', 'float32', 'bfloat16']),
      answers: choiceOf('answers', own.answers, ['last', 'all', 'none']),
      floor: truthOf('floor', own.floor),
      plain: truthOf('plain', own.plain),
    }),
    ...whichWeights(own.weights),
    ...whichCheckpoint(own.checkpoint),
    ...puzzleFit(own.puzzleEmbedding),
  }
  return { options, data: own.data, select: selected(own.select) }
}

/** Returns a number of puzzles, or indices: `200`, `3,5,8`, `0..9`. @throws UserError (exit code 2) for anything else. */
function puzzlesOf(text: string | undefined): number | number[] | undefined {
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return Number(text)
  return listOf('puzzles', text).map((index) => {
    if (!/^\d+$/.test(index)) throw wrongUse('puzzles=N, or indices as puzzles=3,5,8 or puzzles=0..9', text)
    return Number(index)
  })
}
