import type { SchemaKey } from './schema-key.js'

/** The description of a name or a call, before it is formatted. */
export interface Description {
  /** The signature in TypeScript. */
  readonly signature: string
  /** The first part of the TSDoc, in Markdown. */
  readonly documentation: string
  readonly tags: readonly Tag[]
  /** The argument at the cursor. */
  readonly argument?: { readonly signature: string; readonly documentation: string }
  readonly key?: SchemaKey
  readonly declared?: Declared
}

/** A tag of TSDoc, such as `@param name text`. */
export interface Tag {
  readonly kind: string
  /** The name of a parameter; empty for other tags. */
  readonly name: string
  readonly text: string
}

/** The place and text of a declaration. */
export interface Declared {
  /** For example `../lib/train/trainer.ts:12`, or `this cell, line 3`. */
  readonly at: string
  readonly source: string
}

/** Formats a description for a terminal. */
export function asText(description: Description): string {
  return written(description, {
    code: (code) => code,
    title: (title, text) => `${title}: ${text}`,
    block: (title, text) => `${title}:\n${text}`,
    list: (title, items) => `${title}:\n${items.map(({ name, text }) => `  ${name}: ${indented(text)}`).join('\n')}`,
    inline: (text) => text,
  })
}

/** Formats a description for a front end that renders Markdown. */
export function asMarkdown(description: Description): string {
  return written(description, {
    code: (code) => fenced(code),
    title: (title, text) => `**${title}:** ${text}`,
    block: (title, text) => `**${title}:**\n\n${text}`,
    list: (title, items) => `**${title}:**\n\n${items.map(({ name, text }) => `- \`${name}\` ${text}`).join('\n')}`,
    inline: (text) => `\`${text}\``,
  })
}

interface Style {
  code(code: string): string
  title(title: string, text: string): string
  block(title: string, text: string): string
  list(title: string, items: readonly Tag[]): string
  inline(text: string): string
}

function written({ signature, documentation, tags, argument, key, declared }: Description, style: Style): string {
  return [
    style.code(signature),
    ...(argument
      ? [
          style.title(
            'Argument',
            [style.inline(argument.signature), argument.documentation].filter(Boolean).join(' — '),
          ),
        ]
      : []),
    ...(key ? keyParts(key, style) : []),
    documentation,
    ...tagParts(tags, style),
    ...(declared ? [style.title('Declared', style.inline(declared.at)), style.code(declared.source)] : []),
  ]
    .filter(Boolean)
    .join('\n\n')
}

function keyParts(key: SchemaKey, style: Style): string[] {
  const lines = [
    ['Symbol in the paper', key.symbol],
    ['Published code', key.published],
    ['Default', key.default],
  ] as const
  return [
    key.description,
    ...lines.flatMap(([title, text]) => (text === undefined ? [] : [style.title(title, style.inline(text))])),
  ]
}

function tagParts(tags: readonly Tag[], style: Style): string[] {
  const of = (...kinds: string[]): Tag[] => tags.filter(({ kind }) => kinds.includes(kind))
  const single = (title: string, ...kinds: string[]): string[] =>
    of(...kinds).map(({ text }) => (text ? style.title(title, text) : `${title}.`))
  const parameters = of('param').filter(({ text }) => text)
  return [
    ...single('Deprecated', 'deprecated'),
    ...(parameters.length > 0 ? [style.list('Parameters', parameters)] : []),
    ...single('Returns', 'returns', 'return'),
    ...single('Throws', 'throws', 'throw', 'exception'),
    ...single('Default', 'default', 'defaultValue', 'defaultvalue'),
    ...single('Remarks', 'remarks'),
    ...of('example').map(({ text }) => style.block('Example', text.includes('```') ? text : style.code(text))),
    ...tags
      .filter(({ kind, text }) => text && !KNOWN.has(kind))
      .map(({ kind, text }) => style.title(`${kind[0]?.toUpperCase()}${kind.slice(1)}`, text)),
  ]
}

const KNOWN = new Set([
  ...['param', 'returns', 'return', 'throws', 'throw', 'exception', 'default', 'defaultValue', 'defaultvalue'],
  ...['deprecated', 'remarks', 'example', 'template', 'typeParam', 'internal', 'since'],
])

const indented = (text: string): string => text.replaceAll('\n', '\n    ')

/** Returns code in a fence that is longer than any in the code. */
function fenced(code: string): string {
  const longest = Math.max(2, ...[...code.matchAll(/`{3,}/g)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}ts\n${code}\n${fence}`
}
