import { type ReportedRow, reported, TRM_PAPER } from './row.js'

function line(method: string, parameters: string | null, first: number, second: number): ReportedRow[] {
  const source = `${TRM_PAPER}, table 5`
  const about = { table: '5', method, metric: 'test accuracy, two tries (%)', parameters, source }
  return [
    reported({ ...about, task: 'ARC-AGI-1', value: first }),
    reported({ ...about, task: 'ARC-AGI-2', value: second }),
  ]
}

/** Table 5: ARC-AGI-1 and ARC-AGI-2 with two tries, including language models. */
export const table5: readonly ReportedRow[] = [
  line('DeepSeek R1', null, 15.8, 1.3),
  line('Claude 3.7 16K', null, 28.6, 0.7),
  line('o3-mini-high', null, 34.5, 3.0),
  line('Gemini 2.5 Pro 32K', null, 37.0, 4.9),
  line('Grok-4-thinking', '1.7T', 66.7, 16.0),
  line('bespoke (Grok-4)', null, 79.6, 29.4),
  line('direct prediction', '27M', 21.0, 0.0),
  line('HRM', '27M', 40.3, 5.0),
  line('TRM-Att', '7M', 44.6, 7.8),
  line('TRM-MLP', '19M', 29.6, 2.4),
].flat()
