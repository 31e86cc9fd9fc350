import path from 'node:path'
import { isTemporary } from '../../files/beside.js'
import { sweepsFolder } from '../../results/layout.js'
import { slurmPlaces } from '../slurm/places.js'
import { Coverage } from '../sweep/coverage.js'
import { isPlan, readPlan } from '../sweep/plan.js'
import { entriesOf, isAbandoned, offer, readable, type Search } from './garbage.js'

/** Searches the folders of sweeps: the logs of workers once every run has ended, and what dead processes left. */
export function searchSweeps(search: Search): void {
  for (const entry of entriesOf(sweepsFolder(search.results))) {
    const dir = entry.path
    if (entry.kind !== 'folder' || !isPlan(dir)) {
      if (isTemporary(entry.name)) continue
      search.unknown.push(dir)
      continue
    }
    for (const folder of [dir, path.join(dir, 'data'), path.join(dir, 'failures'), path.join(dir, 'slurm')])
      for (const left of entriesOf(folder))
        if (isAbandoned(left)) offer(search, 'temporary files of dead processes', left)
    const hasEnded = (): boolean => readable(() => new Coverage(readPlan(dir)).isComplete) === true
    if (!hasEnded()) continue
    for (const log of entriesOf(slurmPlaces({ dir }).logs))
      if (/^run-\d+\.log$/.test(log.name)) offer(search, 'logs of finished sweeps', log, { isStill: hasEnded })
  }
}
