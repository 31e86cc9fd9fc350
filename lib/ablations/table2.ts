import type { ConfigInput } from '../config/schema.js'
import { table2 as reported } from '../results/reported/table-2.js'
import { type Ablation, trmRow } from './row.js'

const latents: readonly ConfigInput[] = [{}, { latents: 'multi' }, { latents: 'single' }]

/** Table 2: the latents of the TRM. */
export const table2: readonly Ablation[] = reported.map((row, i) => trmRow(2, row, latents[i]))
