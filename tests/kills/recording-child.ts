// Records synthetic rollouts into the folder that it is given, in many small batches.
import { Recorder } from '../../lib/recording/recorder.js'
import { header } from '../recording/fixture.js'
import { rolloutDefaults } from '../recording/settings.js'
import { syntheticRollouts } from '../recording/synthetic-rollouts.js'

const size = { puzzles: 40, rollouts: 4, depth: 5, seqLen: 4 }
const settings = { ...rolloutDefaults, rollouts: size.rollouts, depth: size.depth }
const recorder = new Recorder(process.argv[2]!, header({ settings, answers: 'all' }), { batchRows: 60 })
for (const measures of syntheticRollouts({ ...size, batch: 8, seed: 1 })) recorder.add(measures)
recorder.end()
