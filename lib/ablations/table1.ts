import { table1 as reported } from '../results/reported/table-1.js'
import { type Ablation, hrmRow, trmRow } from './row.js'

/** Table 1: TRM with one change per row, and HRM. */
export const table1: readonly Ablation[] = [
  hrmRow(1, reported.hrm),
  trmRow(1, reported.trm),
  trmRow(1, reported.continueLoss, { halting: 'continue' }),
  trmRow(1, reported.separateNetworks, { networks: 'separate' }),
  trmRow(1, reported.noEma, { ema: 0 }),
  trmRow(1, reported.fourLayers, { layers: 4, n: 3 }),
  trmRow(1, reported.selfAttention, { mixer: 'attention', positions: null }),
  trmRow(1, reported.lessRecursion, { T: 2, n: 2 }),
  trmRow(1, reported.oneStepGradient, { gradient: 'one-step' }),
]
