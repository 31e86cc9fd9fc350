import assert from 'node:assert/strict'

/** The text printed by each command of an escaped text. */
const COMMANDS: Readonly<Record<string, string>> = {
  textbackslash: '\\',
  textasciitilde: '~',
  textasciicircum: '^',
  textasciigrave: '`',
  textless: '<',
  textgreater: '>',
  textbar: '|',
  ldots: '…',
  ',': ' ',
}

/** The text printed by each formula of an escaped text. */
const SYMBOLS: Readonly<Record<string, string>> = {
  '\\pm': '±',
  '\\times': '×',
  '\\cdot': '·',
  '-': '−',
  '\\infty': '∞',
  '\\leq': '≤',
  '\\geq': '≥',
  '\\to': '→',
  '^2': '²',
  '^3': '³',
  '\\alpha': 'α',
  '\\beta': 'β',
  '\\gamma': 'γ',
  '\\delta': 'δ',
  '\\varepsilon': 'ε',
  '\\lambda': 'λ',
  '\\mu': 'μ',
  '\\pi': 'π',
  '\\sigma': 'σ',
  '\\tau': 'τ',
  '\\theta': 'θ',
}

/** Signs that the fonts of TeX join into one. */
const LIGATURES: readonly (readonly [string, string])[] = [
  ['---', '—'],
  ['--', '–'],
  ["''", '"'],
  [',,', '„'],
  ['``', '“'],
  ['?`', '¿'],
  ['!`', '¡'],
  ["'", '’'],
]

/**
 * Reads a text as TeX does with the usual categories of characters, and returns what it prints.
 *
 * @throws AssertionError for a command, a comment, a parameter, an alignment or a formula that the escape does not write, and for
 * braces that do not match.
 */
export function printedByTex(source: string): string {
  const tokens = source.match(/\\(?:[A-Za-z]+|[\s\S])|\$[^$]*\$|\^\^|[\s\S]/gu) ?? []
  const parts: string[] = []
  let [depth, plain] = [0, '']
  // Braces end a ligature.
  const flush = (): void => {
    parts.push(LIGATURES.reduce((text, [signs, joined]) => text.replaceAll(signs, joined), plain))
    plain = ''
  }
  for (const token of tokens) {
    if (token === '{') depth++
    else if (token === '}') assert.ok(--depth >= 0, `a brace too many: ${source}`)
    else if (/^\$./s.test(token)) {
      flush()
      const symbol = SYMBOLS[token.slice(1, -1)]
      assert.ok(symbol !== undefined, `the formula ${token} in ${source}`)
      parts.push(symbol)
    } else if (token.startsWith('\\')) {
      const name = token.slice(1)
      flush()
      const printed = /^[&%$#_{}]$/.test(name) ? name : Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
      assert.ok(printed !== undefined, `the command ${token} in ${source}`)
      parts.push(printed)
    } else {
      assert.doesNotMatch(token, /^[%#&_^~$\p{Cc}\p{Cs}]/u, `${JSON.stringify(token)} in ${source}`)
      plain += token
      continue
    }
    flush()
  }
  flush()
  assert.equal(depth, 0, `a brace is not closed: ${source}`)
  return parts.join('')
}
