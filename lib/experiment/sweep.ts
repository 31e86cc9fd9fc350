import { parseConfig } from '../config/parse.js'
import type { Config, ConfigInput } from '../config/schema.js'
import type { Dataset } from '../data/dataset.js'
import { currentHost } from '../notebook/host.js'
import { streamSink } from '../notebook/status-line.js'
import { expandGrid, type Grid } from './grid.js'
import { liveSweep } from './live.js'
import { loadRun } from './load.js'
import { reportObserver } from './report.js'
import { modelShape, totalSteps } from './resolve.js'
import { Runs } from './runs.js'
import { type TrainOptions, train } from './train.js'

/**
 * Trains every combination of a grid, one run after the other, and returns the runs for comparison.
 * In a notebook a status line and live curves are shown; in a terminal, lines of text.
 *
 * All configurations are checked before the first run starts.
 *
 * @example
 * const runs = await sweep({ hidden: 64, lr: 1e-3 }, { mixer: ['mlp', 'attention'], seed: [0, 1, 2] }, data)
 *
 * @param base what all runs share
 * @param grid values per key, every combination; or a list of such grids, one after the other
 * @throws UserError for a wrong configuration; interrupted runs are saved and can be resumed.
 */
export async function sweep(
  base: ConfigInput,
  grid: Grid | readonly Grid[],
  data: Dataset,
  options: TrainOptions = {},
): Promise<Runs> {
  const configs = expandGrid(base, grid).map((input) => parseConfig(input))
  for (const config of configs) modelShape(config, data.manifest)
  const steps = configs.map((config) => totalSteps(config, data))
  const observerOf = options.observer
    ? () => options.observer
    : currentHost()
      ? liveSweep(configs, steps)
      : (index: number) => reportObserver(streamSink(process.stdout), labelOf(configs, index))
  const runs = []
  for (const [index, config] of configs.entries()) {
    if (options.signal?.aborted) break
    const observer = observerOf(index)
    const id = await train(config, data, { ...options, ...(observer ? { observer } : {}) })
    runs.push(loadRun(id, options.resultsDir))
  }
  return new Runs(runs)
}

function labelOf(configs: readonly Config[], index: number): string {
  return `${index + 1}/${configs.length} ${configs[index]!.mixer} seed ${configs[index]!.seed}`
}
