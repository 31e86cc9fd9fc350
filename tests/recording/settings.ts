import { type RolloutSettings, rolloutSettings } from '../../lib/think/settings.js'

/** Settings of one noisy rollout. */
export const rolloutDefaults: RolloutSettings = rolloutSettings({ noise: 0.3 })
