/** Maximum edit distance of a useful suggestion. */
const FURTHEST = 3

/**
 * Suggests the word that was probably meant: `Did you mean train?`.
 *
 * @param before prefix of each candidate, e.g. `--`
 * @returns undefined when no candidate is near
 */
export function didYouMean(word: string, candidates: readonly string[], before = ''): string | undefined {
  const near = nearest(word, candidates)
  return near === undefined ? undefined : `Did you mean ${before}${near}?`
}

/**
 * Returns the candidate nearest to a word (Damerau-Levenshtein, ignoring case): at most three edits, and at most half
 * of its letters. Failing that, returns the shortest candidate that contains all words of this one in order, as
 * `trainSteps` contains `steps`; else undefined.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  let least = FURTHEST + 1
  for (const candidate of candidates) {
    const d = distance(word.toLowerCase(), candidate.toLowerCase())
    if (d < least && 2 * d <= Math.max(word.length, candidate.length)) {
      least = d
      best = candidate
    }
  }
  return best ?? withItsWords(word, candidates)
}

/** Returns the shortest candidate that contains all words of `name` in order. */
function withItsWords(name: string, candidates: readonly string[]): string | undefined {
  const asked = wordsOf(name)
  const fits = candidates.filter((candidate) => {
    let found = 0
    for (const word of wordsOf(candidate)) if (word === asked[found]) found++
    return found === asked.length
  })
  return fits.sort((a, b) => a.length - b.length)[0]
}

/** Splits a camel-case name into lower-case words: `trainSteps` → `train`, `steps`. */
function wordsOf(name: string): string[] {
  return name.split(/(?<=[a-z0-9])(?=[A-Z])/).map((word) => word.toLowerCase())
}

/** Returns the least number of insertions, deletions, replacements and swaps of neighbours that turn a into b. */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => {
    const row = new Array<number>(b.length + 1).fill(0)
    row[0] = i
    return row
  })
  for (let j = 0; j <= b.length; j++) rows[0]![j] = j
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let d = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, rows[i - 1]![j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, rows[i - 2]![j - 2]! + 1)
      rows[i]![j] = d
    }
  return rows[a.length]![b.length]!
}
