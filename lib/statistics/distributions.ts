import jstat from 'jstat'

/** Student's t, normal and beta distributions. A CommonJS module, whose named exports not every loader finds. */
export const { jStat } = jstat
