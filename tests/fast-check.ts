import fc from 'fast-check'

/**
 * Seed of all properties, so that two test runs on one commit try the same values. RECURLAB_TRIALS=all, which `npm run test:long` sets, draws others
 * each time; the message of a failure names their seed.
 */
const SEED = 1

if (process.env.RECURLAB_TRIALS !== 'all') fc.configureGlobal({ seed: SEED })

export default fc
