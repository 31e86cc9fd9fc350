import type { RolloutSettings } from '../../lib/think/settings.js'

/** Settings of plain noise. */
export const rolloutDefaults: RolloutSettings = {
  depth: 16,
  rollouts: 1,
  noise: 0.3,
  target: 'z',
  noiseAt: 'step',
  init: 'learned',
  initStd: 1,
  relabel: false,
  damping: 1,
  dampingAfter: 0,
  leave: 'never',
  seed: 0,
  batch: 100,
}
