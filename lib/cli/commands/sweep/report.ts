import path from 'node:path'
import { subjectOfPlan } from '../../../experiment/report/subject.js'
import { writeSweepReport } from '../../../experiment/report/sweep-report.js'
import { readPlan } from '../../../experiment/sweep/plan.js'
import { printFromWords } from '../../../plot/venues.js'
import { type Command, oneWord } from '../../command.js'
import { onlyKeys } from '../../keys.js'
import { reportDamaged } from '../../output.js'

/** `recurlab sweep report PLAN`. */
export const command: Command = {
  help: [
    'Writes the runs, their coverage and the summary of each metric as CSV and Arrow, curves over optimiser steps as SVG, and index.html, the page of recurlab report. The sweep may still be at work. After a job array, a job of its own does this.',
    {
      title: 'Options',
      rows: [
        ['to=DIR', 'Folder of the files. Default: report in the folder of the plan.'],
        ['out=DIR', 'Results folder. Default: results.'],
        ['venue=NAME', 'Also writes the curves as PDF for papers of neurips, icml, iclr, ieee, nature or acl.'],
        ['column=single|double', 'Width of the PDF. Default: single.'],
      ],
    },
  ],
  example: 'sweep report sudoku-6-runs to=report',
  flags: {},
  async run({ words, pairs }) {
    const { out, to, ...print } = onlyKeys(pairs, ['out', 'to', 'venue', 'column'])
    const paper = printFromWords(print)
    const plan = readPlan(oneWord(words, 'one sweep'), out)
    const subject = subjectOfPlan(plan)
    const files = await writeSweepReport(subject, to ?? path.join(plan.dir, 'report'), paper)
    reportDamaged(subject.damaged)
    process.stdout.write(`${files.map((file) => `${file}\n`).join('')}${subject.coverage!.text()}\n`)
    return subject.damaged.length > 0 ? 1 : 0
  },
}
