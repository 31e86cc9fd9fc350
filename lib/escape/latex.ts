import { visible } from './visible.js'

const LATEX: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '"': "{''}",
  '`': '\\textasciigrave{}',
  '±': '$\\pm$',
  '×': '$\\times$',
  '·': '$\\cdot$',
  '−': '$-$',
  '∞': '$\\infty$',
  '≤': '$\\leq$',
  '≥': '$\\geq$',
  '→': '$\\to$',
  '²': '$^2$',
  '³': '$^3$',
  '’': "'",
  '–': '--',
  '—': '---',
  '…': '\\ldots{}',
  α: '$\\alpha$',
  β: '$\\beta$',
  γ: '$\\gamma$',
  δ: '$\\delta$',
  ε: '$\\varepsilon$',
  λ: '$\\lambda$',
  μ: '$\\mu$',
  π: '$\\pi$',
  σ: '$\\sigma$',
  τ: '$\\tau$',
  θ: '$\\theta$',
}

/** Characters that mean something to LaTeX, or to its fonts where two stand together, such as `--`. */
const MEANING = /([-–—](?=[-–—])|['’](?=['’])|,(?=,))|[&%$#_{}\\~^<>|"`]|[^\x20-\x7e]/gu

/**
 * Escapes text for LaTeX, so that it is printed as it is. Symbols that pdflatex cannot read by themselves become commands; letters
 * beyond Latin need LuaLaTeX or XeLaTeX. Ends of lines become spaces, other unprintable characters visible. A leading `[` or `*` is
 * kept apart from the end of the row before, which would take it as its argument.
 */
export function escapeLatex(text: string): string {
  return visible(text.normalize('NFC').replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, ' '))
    .replace(MEANING, (char, joined?: string) => {
      const word = LATEX[char] ?? (/[&%$#_{}]/.test(char) ? `\\${char}` : char)
      return joined === undefined ? word : `${word}{}`
    })
    .replace(/(\d) (?=\\%)/g, '$1\\,')
    .replace(/^\s*(?=[[*])/, '{}')
}
