import path from 'node:path'
import { UserError } from '../errors.js'
import { fileOperations as fs } from '../files/operations.js'
import { wrongUse } from './command.js'

/**
 * The file that weights are to be written to.
 *
 * @throws UserError when it is the one they are read from, or something is there and is not to be replaced.
 */
export function outputFile(out: string, from: string, force: boolean): string {
  if (out === '') throw wrongUse('out=FILE, the file to write', 'nothing after it')
  if (path.resolve(out) === path.resolve(from)) throw wrongUse('another file than the one that is read', `out=${out}`)
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

/** The key `weights=` as an option. @throws UserError (exit code 2) for other words. */
export function whichWeights(word: string | undefined): { weights?: 'ema' | 'live' } {
  if (word === undefined) return {}
  if (word === 'ema' || word === 'live') return { weights: word }
  throw wrongUse('weights=ema or weights=live', word)
}

/** `puzzleEmbedding=mean|zero`, if given. */
export function puzzleFit(text: string | undefined): { puzzleEmbedding?: 'mean' | 'zero' } {
  if (text === undefined) return {}
  if (text === 'mean' || text === 'zero') return { puzzleEmbedding: text }
  throw wrongUse('puzzleEmbedding=mean or puzzleEmbedding=zero', text)
}
