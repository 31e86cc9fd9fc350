import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table as arqueroTable } from 'arquero'
import { UserError } from '../../lib/errors.js'
import { escapeLatex } from '../../lib/escape/latex.js'
import { escapeMarkdown } from '../../lib/escape/markdown.js'
import { tableOfRows } from '../../lib/files/arrow-rows.js'
import { toCsv } from '../../lib/results/export.js'
import { toLatex } from '../../lib/results/latex.js'
import { toMarkdown } from '../../lib/results/markdown.js'
import { withReported } from '../../lib/results/reported-beside.js'
import { estimate, wilson } from '../../lib/statistics/estimate.js'

const EXACT = 'exact accuracy (%)'

/** Means 95 and 60 whose intervals are apart. */
const apart = [
  { mixer: 'mlp', seeds: 3, [EXACT]: estimate([94.2, 95, 95.8]), parameters: 6_829_056 },
  { mixer: 'attention', seeds: 3, [EXACT]: estimate([57, 60, 63]), parameters: 999 },
]

test('a LaTeX table has booktabs rules, siunitx numbers and the best value in bold', () => {
  assert.equal(
    toLatex(apart, { caption: 'Two mixers, 50% of steps.', label: 'tab:mixers' }),
    String.raw`% Needs \usepackage{booktabs} and \usepackage{siunitx}.
\begin{table}
  \centering
  \caption{Two mixers, 50\% of steps.}
  \label{tab:mixers}
  \sisetup{separate-uncertainty, detect-all}
  \begin{tabular}{@{}lrrr@{}}
    \toprule
    mixer & seeds & exact accuracy (\%) & parameters \\
    \midrule
    mlp & \num{3} & \textbf{\num{95.0 \pm 2.0}} & \num{6829056} \\
    attention & \num{3} & \num{60.0 \pm 7.5} & \num{999} \\
    \bottomrule
  \end{tabular}

  \smallskip
  {\footnotesize\raggedright $\pm$ is half the width of the 95\,\% confidence interval (Student's t over 3 seeds). Bold: the interval overlaps that of no other measured row.\par}
\end{table}
`,
  )
})

test('without siunitx, LaTeX numbers are mathematics with grouped digits', () => {
  const text = toLatex([{ lr: 1e-5, parameters: 6_829_056, x: -12_345.5, e: estimate([100, 100]) }], {
    siunitx: false,
    environment: 'tabular',
  })
  assert.match(text, /^% Needs \\usepackage\{booktabs\}\.\n {2}\\begin\{tabular\}/)
  assert.ok(text.includes(String.raw`$1 \times 10^{-5}$ & $6\,829\,056$ & $-12\,350$ & $100 \pm 0$ \\`), text)
  assert.ok(!text.includes('\\num'))
})

test('an uncertainty of zero is printed, which siunitx itself would omit', () => {
  assert.ok(toLatex([{ e: estimate([100, 100]) }]).includes(String.raw`$\num{100} \pm \num{0}$`))
})

test('Markdown, CSV and LaTeX round alike: the uncertainty to two digits, the value to match', () => {
  const rows = [{ mixer: 'mlp', [EXACT]: estimate([81.234, 87.567, 90.123]) }]
  assert.ok(toMarkdown(rows).includes('| mlp | 86 ± 11 |'))
  assert.ok(toLatex(rows).includes(String.raw`\num{86 \pm 11}`))
  assert.equal(toCsv(rows), `mixer,${EXACT},${EXACT} ±\r\nmlp,86,11\r\n`)
})

test('a value is bold only where its interval overlaps that of no other row', () => {
  const bold = (rows: readonly object[]): boolean => toMarkdown(rows as Record<string, unknown>[]).includes('**')
  assert.ok(bold(apart))
  const overlapping = [apart[0]!, { ...apart[1]!, [EXACT]: estimate([91, 93, 95]) }]
  assert.ok(!bold(overlapping))
  assert.ok(!bold([apart[0]!]), 'a single row')
  assert.ok(!bold([...apart, { mixer: 'linear', [EXACT]: estimate([10]) }]), 'a row without an interval')
  assert.ok(!bold([{ [EXACT]: 1 }, { [EXACT]: 90 }]), 'plain numbers')
  assert.ok(!bold([{ steps: estimate([1, 2]) }, { steps: estimate([1000, 1001]) }]), 'no better side')
})

test('the lowest loss is bold, and the side can be chosen', () => {
  const rows = [{ 'training loss': estimate([1, 1.01]) }, { 'training loss': estimate([2, 2.01]) }]
  assert.match(toMarkdown(rows), /\| \*\*1\.005 ± 0\.064\*\* \|\n\| 2\.005 ± 0\.064 \|/)
  assert.match(toMarkdown(rows, { best: { 'training loss': 'highest' } }), /\*\*2\.005/)
  assert.doesNotMatch(toMarkdown(rows, { best: { 'training loss': 'none' } }), /\*\*/)
})

test('notes name the method, the level and the number of seeds or puzzles of the intervals', () => {
  const rows = [
    { e: wilson(874, 1000, 0.9) },
    { e: estimate([1, 2, 3], { interval: 'bootstrap', level: 0.9 }) },
    { e: estimate([1, 2, 3, 4], { interval: 'bootstrap', level: 0.9 }) },
    { e: estimate([1]) },
  ]
  assert.match(
    toMarkdown(rows),
    /± is half the width of the 90 % confidence interval \(bootstrap over 3–4 seeds; Wilson’s score over 1000 puzzles\)\. A value without ± is of one seed\./,
  )
  assert.doesNotMatch(toMarkdown(rows, { notes: false }), /interval/)
})

test('reported rows stand below a rule of their own, with their sources as notes', () => {
  const rows = withReported([{ mixer: 'mlp', seed: 0, [EXACT]: 95.7 }], { table: '1', method: 'self-attention' })
  const latex = toLatex(rows, { environment: 'tabular' })
  assert.match(latex, /\\midrule\n +mixer mlp .*\n +\\midrule\n +TRM, self-attention & .* \\num\{74\.7\}/)
  assert.match(latex, /% Reported values: arXiv 2510\.04871, table 1\./)
  assert.doesNotMatch(latex, /kind|measured here/)
  assert.match(toMarkdown(rows), /\| \*reported\* \|[ |]+\n\| TRM, self-attention \|/)
})

test('reported rows of several sources are marked with letters', () => {
  const rows = [
    { kind: 'reported', method: 'A', value: 1, uncertainty: 0.25, source: 'one' },
    { kind: 'reported', method: 'B', value: 2, uncertainty: null, source: 'two' },
  ]
  const latex = toLatex(rows)
  assert.ok(latex.includes(String.raw`A\textsuperscript{a} & \num{1.00 \pm 0.25} \\`), latex)
  assert.ok(latex.includes(String.raw`\textsuperscript{a}\,Reported: one. \textsuperscript{b}\,Reported: two.`), latex)
})

test('names with LaTeX are escaped', () => {
  assert.equal(
    escapeLatex('a_b & 5% $x$ #1 {y} ~ ^ \\input{x} <b>\n'),
    String.raw`a\_b \& 5\% \$x\$ \#1 \{y\} \textasciitilde{} \textasciicircum{} \textbackslash{}input\{x\} \textless{}b\textgreater{} `,
  )
  assert.equal(escapeLatex(' [l] (*)'), '{}[l] (*)')
  const latex = toLatex([{ a_b: '\\end{tabular}' }])
  assert.ok(latex.includes(String.raw`a\_b`) && latex.includes(String.raw`\textbackslash{}end\{tabular\}`))
  assert.match(toLatex([{ name: 'a' }, { name: '*b' }]), /\\\\\n {4}\{\}\*b \\\\/, 'not the argument of the row before')
})

test('names with HTML or Markdown are escaped', () => {
  assert.equal(
    escapeMarkdown('a|b <script> *x* _y_ `z` [l](u) &amp; $x$'),
    String.raw`a\|b &lt;script&gt; \*x\* \_y\_ ${'\\`z\\`'} \[l\](u) &amp;amp; \$x\$`,
  )
  assert.ok(toMarkdown([{ name: 'two\nlines | x' }]).includes(String.raw`| two lines \| x |`))
})

test('metrics by their raw names are printed in percent under their display names', () => {
  const text = toMarkdown([{ trainSteps: 100, 'test.exact': 0.8741, evaluationSeconds: 2 }])
  assert.match(text, /\| train steps \| exact accuracy \(%\) \| evaluation \(s\) \|\n.*\n\| 100 \| 87\.4 \| 2 \|/)
})

test('Arrow and arquero tables are printed as rows are', () => {
  const rows = [{ mixer: 'mlp', big: 2n ** 60n, none: null, nan: Number.NaN }]
  const expected = '| mixer | big | nan |\n| --- | ---: | ---: |\n| mlp | 1152921504606846976 | – |\n'
  assert.equal(toMarkdown(rows), expected)
  assert.equal(toMarkdown(tableOfRows(rows)), expected)
  assert.equal(
    toMarkdown(arqueroTable({ mixer: ['mlp'], big: [2n ** 60n], none: [null], nan: [Number.NaN] })),
    expected,
  )
})

test('numbers without uncertainty have equal decimals in a column', () => {
  const text = toMarkdown([{ x: 55 }, { x: 87.41 }, { x: 0.00002 }])
  assert.ok(text.endsWith('| 55.00 |\n| 87.41 |\n| 2e-5 |\n'), text)
})

test('columns can be chosen and titled, and an unknown one is named', () => {
  const text = toMarkdown(apart, { columns: [EXACT, 'mixer'], titles: { mixer: 'Mixer' }, notes: false })
  assert.match(text, /^\| exact accuracy \(%\) \| Mixer \|\n/)
  for (const options of [{ columns: ['mixr'] }, { titles: { mixr: 'x' } }, { best: { mixr: 'none' as const } }])
    assert.throws(
      () => toMarkdown(apart, options),
      (error: UserError) => /"mixr".*mixer/.test(error.message),
    )
})

test('a table without rows and a label with other characters are refused', () => {
  assert.throws(() => toLatex([]), UserError)
  assert.throws(() => toMarkdown([]), UserError)
  assert.throws(() => toLatex(apart, { label: 'a}b' }), /letters, digits/)
})

test('500 configurations are 500 rows', () => {
  const rows = Array.from({ length: 500 }, (_, i) => ({ lr: i, [EXACT]: estimate([i % 7, (i % 7) + 1]) }))
  assert.equal(toLatex(rows).match(/\\\\\n/g)?.length, 501)
})
