/** What a name of a program holds, which decides how it can be used. */
type Kind =
  | 'number'
  | 'function'
  | 'async'
  | 'generator'
  | 'stream'
  | 'class'
  | 'enum'
  | 'namespace'
  | 'object'
  | 'array'
  | 'import'

interface Name {
  readonly text: string
  readonly kind: Kind
  /** Whether it may be assigned to. */
  readonly mutable: boolean
  /** Code in a function of rank n only calls names of lower rank, so that every program ends. */
  readonly rank: number
}

/** Where an expression stands. */
interface Place {
  readonly rank: number
  /** Whether `await` may be written. */
  readonly async: boolean
  /** Names of parameters and local variables that hold numbers. */
  readonly locals: readonly string[]
  readonly depth: number
}

/** A program as its top-level statements; where `true`, a cell begins. */
export interface Program {
  readonly statements: readonly { readonly text: string; readonly begins: boolean }[]
}

/** Names that every library shares, which cells declare all the same. */
const TAKEN = ['fetch', 'process', 'URL', 'performance', 'setTimeout', 'Event', 'structuredClone', 'Buffer', 'require']

/**
 * Writes a program of TypeScript without forward references and redeclarations. What it does it tells by `observe`;
 * `tick` is called in every function.
 *
 * @param choices decide everything; where they end, 0 is taken
 * @param id distinguishes the program's names from those of others
 */
export function writeProgram(choices: readonly number[], id: number): Program {
  return new Writer(choices, id).program()
}

class Writer {
  readonly #choices: readonly number[]
  readonly #id: number
  readonly #names: Name[] = []
  readonly #taken = [...TAKEN]
  #at = 0
  #count = 0
  #hasDefault = false

  constructor(choices: readonly number[], id: number) {
    this.#choices = choices
    this.#id = id
  }

  program(): Program {
    const statements: { text: string; begins: boolean }[] = []
    while (this.#at < this.#choices.length) {
      const begins = this.#choose(2) === 1
      statements.push({ text: this.#statement(), begins })
    }
    statements.push({ text: this.#everything(), begins: this.#choose(2) === 1 })
    return { statements }
  }

  #choose(count: number): number {
    return (this.#choices[this.#at++] ?? 0) % count
  }

  #pick<T>(from: readonly [T, ...T[]]): T {
    return from[this.#choose(from.length)] as T
  }

  #some(kind: Kind, rank = Number.POSITIVE_INFINITY): Name | undefined {
    const names = this.#names.filter((name) => name.kind === kind && name.rank < rank)
    return names[this.#choose(Math.max(names.length, 1))]
  }

  #mutable(): Name | undefined {
    const names = this.#names.filter((name) => name.kind === 'number' && name.mutable)
    return names[this.#choose(Math.max(names.length, 1))]
  }

  /** A new name, sometimes one that is a global's too. */
  #fresh(): string {
    if (this.#taken.length > 0 && this.#choose(5) === 4)
      return this.#taken.splice(this.#choose(this.#taken.length), 1)[0]!
    return `v${this.#id}_${++this.#count}`
  }

  #declare(text: string, kind: Kind, mutable = false): void {
    this.#names.push({ text, kind, mutable, rank: this.#names.length })
  }

  get #top(): Place {
    return { rank: Number.POSITIVE_INFINITY, async: true, locals: [], depth: 0 }
  }

  /** The place in a function that is declared next. */
  #inside(parameter: string, async = false): Place {
    return { rank: this.#names.length, async, locals: [parameter], depth: 1 }
  }

  #number(place: Place): string {
    const deeper = { ...place, depth: place.depth + 1 }
    const kinds = place.depth > 3 ? 3 : 21
    switch (this.#choose(kinds)) {
      case 0:
        return String(this.#choose(10))
      case 1:
        return this.#some('number')?.text ?? '7'
      case 2:
        return place.locals[this.#choose(Math.max(place.locals.length, 1))] ?? '11'
      case 3:
        return `(${this.#number(deeper)} ${this.#pick(['+', '-', '*'])} ${this.#number(deeper)}) % 997`
      case 4:
      case 5: {
        const name = this.#some('function', place.rank)
        return name ? `${name.text}(${this.#number(deeper)})` : '1'
      }
      case 6: {
        const name = this.#some('class', place.rank)
        return name ? `new ${name.text}(${this.#number(deeper)}).get()` : '2'
      }
      case 7: {
        const name = this.#some('enum')
        return name ? `${name.text}.${this.#pick(['A', 'B'])}` : '3'
      }
      case 8: {
        const name = this.#some('object', place.rank)
        return name ? `${name.text}${this.#pick(['.field', '.read', '.add?.(1)', '?.field', "['field']"])}` : '4'
      }
      case 9: {
        const name = this.#some('array')
        return name ? `(${name.text}.length + (${name.text}[0] ?? 0))` : '5'
      }
      case 10: {
        const name = this.#some('async', place.rank)
        return name && place.async ? `(await ${name.text}(${this.#number(deeper)}))` : '6'
      }
      case 11: {
        const name = this.#some('generator', place.rank)
        return name ? `[...${name.text}(${this.#number(deeper)})].length` : '7'
      }
      case 12: {
        const name = this.#some('number')
        return name ? `({ ${name.text} }).${name.text}` : '8'
      }
      case 13:
        return `(${this.#number(deeper)} > 3 ? ${this.#number(deeper)} : ${this.#number(deeper)})`
      case 14: {
        const name = this.#some('number')
        return `((${name?.text ?? 'x'}) => ${name?.text ?? 'x'} + 1)(${this.#number(deeper)})`
      }
      case 15: {
        const name = this.#some('number')
        return name ? `(typeof ${name.text} === 'number' ? ${name.text} : 0)` : '9'
      }
      case 16: {
        const name = this.#some('namespace', place.rank)
        return name ? `(${name.text}.value + ${name.text}.twice(2))` : '10'
      }
      case 17: {
        const name = this.#some('import')
        return name ? `${name.text}('/a/bcd').length` : '11'
      }
      case 18:
        return `\`\${${this.#number(deeper)}}\`.length`
      case 19:
        return place.async ? `(await ${this.#number(deeper)})` : '12'
      default:
        return `(${this.#number(deeper)} satisfies number as number)`
    }
  }

  /** Statements in a function or block; they may change the program's names. */
  #body(place: Place): string {
    const lines: string[] = []
    for (let left = this.#choose(3); left > 0; left--) lines.push(this.#inner(place))
    return lines.join('\n')
  }

  #inner(place: Place): string {
    const deeper = { ...place, depth: place.depth + 1 }
    if (place.depth > 3) return `observe(${this.#number(place)})`
    switch (this.#choose(9)) {
      case 0:
        return `observe(${this.#number(place)})`
      case 1:
        return this.#assignment(place)
      case 2: {
        const local = `l${++this.#count}`
        return `${this.#pick(['const', 'let', 'var'])} ${local} = ${this.#number(place)}\nobserve(${local})`
      }
      case 3: {
        const hidden = this.#some('number')?.text ?? `l${++this.#count}`
        return `{ let ${hidden} = 5; ${hidden}++; observe({ ${hidden} }) }`
      }
      case 4:
        return `if (${this.#number(place)} > 2) {\n${this.#body(deeper)}\n} else {\n${this.#body(deeper)}\n}`
      case 5:
        return this.#attempt(deeper)
      case 6:
        return place.async ? `await null\n${this.#inner(deeper)}` : `observe('sync')`
      case 7: {
        const local = `l${++this.#count}`
        return `{\nusing ${local} = { [Symbol.dispose]() { observe(${this.#number({ ...deeper, async: false })}) } }\n${this.#body(deeper)}\n}`
      }
      default: {
        const local = `l${++this.#count}`
        return `for (const ${local} of [1, 2]) {\n${this.#body({ ...deeper, locals: [...place.locals, local] })}\n}`
      }
    }
  }

  #attempt(place: Place): string {
    const thrown = this.#pick([
      `throw new RangeError('r' + ${this.#number(place)})`,
      `throw { code: ${this.#number(place)} }`,
      `(undefined as any).missing`,
      `observe('fine')`,
    ])
    const hidden = this.#some('number')?.text ?? `e${++this.#count}`
    const handler = this.#pick([
      `catch (error) { observe(error)\n${this.#body(place)}\n}`,
      `catch { observe('caught')\n${this.#body(place)}\n}`,
      `catch ({ code: ${hidden} = 4 }: any) { observe({ ${hidden} }) }`,
      `catch (${hidden}) { observe(${hidden}) }`,
      `catch (error) { try { throw error } catch (again) { observe(again === error) } }`,
    ])
    const end = this.#pick(['', ` finally { observe('finally')\n${this.#body(place)}\n}`])
    return `try {\n${this.#body(place)}\n${thrown}\n} ${handler}${end}`
  }

  #assignment(place: Place): string {
    const name = this.#mutable()?.text
    if (name === undefined) return `observe('nothing')`
    const other = this.#mutable()?.text ?? name
    const value = this.#number(place)
    switch (this.#choose(9)) {
      case 0:
        return `${name} = ${value}`
      case 1:
        return `${name} ${this.#pick(['+=', '-=', '??=', '||='])} ${value}`
      case 2:
        return `${name}${this.#pick(['++', '--'])}`
      case 3:
        return `;[${name}, ${other}] = [${other}, ${value}]`
      case 4:
        return `;({ ${name} } = { ${name}: ${value} });`
      case 5:
        return `;({ a: ${name} = ${value}, b: [${other} = 2] } = { b: [] } as any);`
      case 6:
        return `for (${name} of [3, ${value}]) { observe(${name}) }`
      case 7: {
        const array = this.#some('array')?.text
        return array ? `${array}.push(${value})` : `${name} = -${name}`
      }
      default: {
        const object = this.#some('object', place.rank)?.text
        return object ? `${object}.field = ${value}` : `${name} = +${name}`
      }
    }
  }

  #statement(): string {
    const place = this.#top
    const inner = { ...place, depth: 1 }
    switch (this.#choose(26)) {
      case 0:
      case 1:
        return `observe(${this.#number(place)})`
      case 2:
      case 3:
        return this.#variable()
      case 4:
      case 5:
      case 6:
        return this.#assignment(place)
      case 7:
      case 8:
        return this.#function()
      case 9:
        return this.#arrow()
      case 10:
        return this.#class()
      case 11:
        return this.#enumeration()
      case 12:
        return this.#object()
      case 13:
        return this.#patterns()
      case 14:
        return this.#attempt(inner)
      case 15:
        return this.#loop()
      case 16: {
        const name = this.#fresh()
        const text = this.#pick([
          `{ var ${name} = ${this.#number(place)} }`,
          `if (${this.#number(place)} > 4) { var ${name} = 1 }`,
          `try { var { ${name} } = { ${name}: ${this.#number(place)} } } finally { observe('var') }`,
          `for (var ${name} = 0; ${name} < 3; ${name}++) { observe(${name}) }`,
          `for (var [${name}] of [[1], [2]]) { observe(${name}) }`,
          `var ${name}: number; ${name} = 3`,
        ])
        this.#declare(name, 'number', true)
        return text
      }
      case 17:
        return `await null\nobserve(${this.#number(place)})`
      case 18: {
        const name = this.#some('async')?.text
        return name ? `observe(await Promise.all([${name}(1), ${name}(${this.#number(place)})]))` : `observe('none')`
      }
      case 19: {
        const name = this.#some('stream')?.text
        const local = `l${++this.#count}`
        return name
          ? `for await (const ${local} of ${name}(2)) {\n${this.#body({ ...inner, locals: [local] })}\n}`
          : `for await (const ${local} of [1, Promise.resolve(2)]) observe(${local})`
      }
      case 20: {
        const name = this.#fresh()
        // Of its own: a name that is a global's too does not count.
        const own = `${this.#id}_${++this.#count}`
        const text = this.#pick([
          `import { basename as ${name} } from 'node:path'`,
          `import ${name} from './nothing.js'`,
          `import path${own}, { dirname as ${name}, type ParsedPath as P${own} } from 'node:path'`,
        ])
        if (text.includes('nothing')) return `import 'node:path'`
        this.#declare(name, 'import')
        return text
      }
      case 21:
        return this.#reassignedFunction()
      case 22: {
        const name = this.#fresh()
        const value = this.#number({ ...place, async: false })
        const text = `${this.#export()}namespace ${name} { export const value = ${value}; export function twice(x: number) { return x * 2 + value } }`
        this.#declare(name, 'namespace')
        return text
      }
      case 23: {
        const name = this.#names[this.#choose(Math.max(this.#names.length, 1))]
        if (name === undefined) return 'export {}'
        return `export { ${name.text} as e${this.#id}_${++this.#count} }`
      }
      case 24: {
        if (this.#hasDefault) return `observe(${this.#number(place)})`
        this.#hasDefault = true
        return `export default ${this.#number(place)}`
      }
      default:
        return this.#choose(4) === 0 ? `if (${this.#number(place)} > 6) throw new Error('end')` : this.#inner(inner)
    }
  }

  #export(): string {
    return this.#pick(['', '', 'export '])
  }

  #variable(): string {
    const name = this.#fresh()
    const kind = this.#pick(['let', 'let', 'const', 'var'])
    const text = `${this.#export()}${kind} ${name} = ${this.#number(this.#top)}`
    this.#declare(name, 'number', kind !== 'const')
    return text
  }

  #function(): string {
    const name = this.#fresh()
    const form = this.#choose(4)
    const hidden = this.#some('number')?.text
    const parameter = this.#choose(4) === 3 && hidden !== undefined && hidden !== name ? hidden : 'x'
    const place = this.#inside(parameter, form % 2 === 1)
    const parts = [
      ['function', 'return', 'function'],
      ['async function', 'return', 'async'],
      ['function*', 'yield', 'generator'],
      ['async function*', 'yield', 'stream'],
    ][form] as [string, string, Kind]
    const head = `${this.#export()}${parts[0]} ${name}(${parameter}: number = ${this.#number({ ...place, async: false, locals: [] })}) {`
    const text = `${head}\ntick()\n${this.#body(place)}\n${parts[1]} ${this.#number(place)}\n}`
    this.#declare(name, parts[2])
    return text
  }

  #arrow(): string {
    const name = this.#fresh()
    const async = this.#choose(2) === 1
    const place = this.#inside('x', async)
    const text = `${this.#export()}let ${name} = ${async ? 'async ' : ''}(x: number) => { tick(); ${this.#body(place)}\nreturn ${this.#number(place)} }`
    this.#declare(name, async ? 'async' : 'function', true)
    return text
  }

  #reassignedFunction(): string {
    const names = this.#names.filter((name) => name.kind === 'function' && name.mutable)
    const name = names[this.#choose(Math.max(names.length, 1))]
    if (name === undefined) return this.#arrow()
    const place = { ...this.#inside('x'), rank: name.rank }
    return `${name.text} = ${this.#pick(['(x: number) =>', 'function (x: number)'])} { tick()\nreturn ${this.#number(place)} }`
  }

  #class(): string {
    const name = this.#fresh()
    const parent = this.#choose(3) === 2 ? this.#some('class') : undefined
    const place = this.#inside('x')
    const value = this.#number({ ...place, locals: [] })
    const text = `${this.#export()}class ${name}${parent ? ` extends ${parent.text}` : ''} {
  static made = 0
  static readonly self = () => ${name}
  #own = ${value}
  constructor(${parent ? 'x: number' : 'public x: number'}) {
    ${parent ? 'super(x)' : ''}
    ${name}.made++
  }
  get total(): number { const x = 1; return (${this.#number(place)} + this.#own) % 997 }
  get(): number { tick(); return this.total + ${name}.made }
  static { observe(this.name) }
}`
    this.#declare(name, 'class')
    return text
  }

  #enumeration(): string {
    const name = this.#fresh()
    const text = `${this.#export()}enum ${name} { A = ${this.#pick(['1', '1 << 2', "'ab'.length"])}, B = A + 1, C = 'c' }`
    this.#declare(name, 'enum')
    return text
  }

  #object(): string {
    const name = this.#fresh()
    const shorthand = this.#names.filter((each) => each.kind !== 'import' && each.kind !== 'stream').slice(-3)
    const place = this.#inside('x')
    const text = `${this.#export()}const ${name}: any = { ${shorthand.map((each) => `${each.text}, `).join('')}field: ${this.#number(this.#top)},
  get read() { const x = 2; return ${this.#number(place)} },
  add(x: number) { tick(); ${this.#body(place)}\nreturn this.field + x } }`
    this.#declare(name, 'object')
    return text
  }

  #patterns(): string {
    const kind = this.#pick(['let', 'const', 'var'])
    const [first, second, rest] = [this.#fresh(), this.#fresh(), this.#fresh()]
    const value = this.#number(this.#top)
    const [text, remaining] = this.#pick<readonly [string, Kind]>([
      [
        `${kind} { ${first}, b: { ${second} = ${value} }, ...${rest} } = { ${first}: 1, b: {}, c: 4, d: 5 } as any; observe(${rest})`,
        'object',
      ],
      [`${kind} [${first}, , ${second} = ${value}, ...${rest}] = [${value}, 2, undefined as any, 4, 5]`, 'array'],
      [`${kind} { a: [${first} = ${value}] = [], ['b' + 'c']: ${second} = 6, ...${rest} } = { d: 2 } as any`, 'object'],
    ])
    this.#declare(first, 'number', kind !== 'const')
    this.#declare(second, 'number', kind !== 'const')
    this.#declare(rest, remaining)
    return `${this.#export()}${text}`
  }

  #loop(): string {
    const name = this.#fresh()
    const place = { ...this.#top, depth: 1, locals: ['i'] }
    const body = this.#body(place)
    const loop = this.#pick([
      `for (let i = 0; i < 3; i++) {`,
      `for (const i of [4, 5]) {`,
      `for (const k in { a: 1, b: 2 }) { const i = k.length`,
      `for (let i = 3; i-- > 0; ) { if (i === 1) continue`,
      `outer: for (let i = 0; i < 3; i++) for (const j of [1, 2]) { if (j === 2) continue outer`,
      `switch (${this.#number(this.#top)}) { case 1: observe('one'); default: let i = 9`,
    ])
    const text = `const ${name}: (() => number)[] = []\n${loop}\n${name}.push(() => { tick(); return i + ${this.#number({ ...place, async: false, rank: 0 })} })\n${body}\n}\nobserve(${name}.map((each) => each()))`
    this.#declare(name, 'array')
    return text
  }

  /** Observes all that there is. */
  #everything(): string {
    return this.#names
      .filter((name) => name.kind !== 'import')
      .map(({ text, kind }) => {
        if (kind === 'function') return `observe([${text}.name, typeof ${text}(1)])`
        if (kind === 'class') return `observe([${text}.name, ${text}.self() === ${text}, new ${text}(1).get()])`
        if (kind === 'async') return `observe([${text}.name, await ${text}(1)])`
        return `observe(${text})`
      })
      .join('\n')
  }
}
