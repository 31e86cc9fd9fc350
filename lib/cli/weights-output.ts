import path from 'node:path'
import { UserError } from '../errors.js'
import { fileOperations as fs } from '../files/operations.js'
import { didYouMean } from '../options/nearest.js'
import type { CheckpointChoice } from '../results/run.js'
import { wrongUse } from './command.js'
import { choiceOf, given } from './keys.js'

/**
 * Returns the file to write weights to.
 *
 * @throws UserError if it is the file they are read from, or exists and may not be replaced.
 */
export function outputFile(out: string, from: string, force: boolean): string {
  if (path.resolve(out) === path.resolve(from)) throw wrongUse('another file than the input', `out=${out}`)
  if (fs.existsSync(out) && !(force && fs.statSync(out).isFile()))
    throw new UserError({
      where: out,
      expected: 'no such file yet',
      found: fs.statSync(out).isFile() ? 'a file' : 'a folder',
      todo: fs.statSync(out).isFile() ? 'Choose another, or replace it with --force.' : 'Name a file in it.',
      exitCode: 2,
    })
  return out
}

/** Parses `weights=ema|live`, if given. @throws UserError (exit code 2) for other words. */
export function whichWeights(word: string | undefined): { weights?: 'ema' | 'live' } {
  return given({ weights: choiceOf('weights', word, ['ema', 'live']) })
}

/** Help of {@link whichCheckpoint}. */
export const CHECKPOINT_HELP = [
  'checkpoint=last|best|STEP',
  "Which of a run's checkpoints: the newest, the best evaluated one by the run's bestMetric, or that of a step. Default: last.",
] as const

/** Parses `checkpoint=last|best|STEP`, if given. @throws UserError (exit code 2) for anything else. */
export function whichCheckpoint(word: string | undefined): { checkpoint?: CheckpointChoice } {
  if (word === undefined || word === 'last' || word === 'best') return given({ checkpoint: word })
  if (/^\d{1,15}$/.test(word)) return { checkpoint: Number(word) }
  throw wrongUse('checkpoint=last|best|STEP', word, didYouMean(word, ['last', 'best'], 'checkpoint='))
}

/** Parses `puzzleEmbedding=mean|zero`, if given. @throws UserError (exit code 2) for other words. */
export function puzzleFit(word: string | undefined): { puzzleEmbedding?: 'mean' | 'zero' } {
  return given({ puzzleEmbedding: choiceOf('puzzleEmbedding', word, ['mean', 'zero']) })
}
