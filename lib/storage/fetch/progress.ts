import { sizeText } from '../../files/space.js'
import type { FetchProgress } from './fetch.js'

/** Seconds over which the rate is measured. */
const WINDOW = 10

/**
 * Returns a formatter of progress: `train.csv 312 MB of 719 MB (43 %), 24 MB/s, 17 s left`. The rate is that of the
 * last ten seconds; rate and time left appear after the first second.
 */
export function progressText(): (progress: FetchProgress, seconds: number) => string {
  let file = ''
  let marks: { at: number; have: number }[] = []
  return (progress, seconds) => {
    // A restarted download has fewer bytes than before.
    if (progress.file !== file || progress.have < (marks.at(-1)?.have ?? 0)) {
      file = progress.file
      marks = []
    }
    const latest = marks.at(-1)
    if (latest === undefined || seconds - latest.at >= 0.2) marks.push({ at: seconds, have: progress.have })
    while (marks.length > 1 && seconds - marks[1]!.at >= WINDOW) marks.shift()
    const { have, size } = progress
    const percent = size === 0 ? 100 : Math.floor((100 * have) / size)
    const text = `${file}: ${sizeText(have)} of ${sizeText(size)} (${percent} %)`
    const first = marks[0]
    if (first === undefined || seconds - first.at < 1) return text
    const rate = (have - first.have) / (seconds - first.at)
    return rate > 0 ? `${text}, ${sizeText(rate)}/s, ${timeText((size - have) / rate)} left` : `${text}, waiting`
  }
}

function timeText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}
