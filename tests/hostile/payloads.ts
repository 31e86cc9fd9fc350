/** A text of somebody else's: in HTML, SVG or a figure that does not escape it, it runs code or loads a page. */
export interface Payload {
  readonly name: string
  readonly text: string
}

/** Nothing answers there; a request to it is a failure. */
const NET = 'http://127.0.0.1:9'

/** Code that says which payload ran; it has no quotes, and so breaks out of no attribute by itself. */
const ran = (name: string): string => `RAN(/${name}/.source)`

const MADE: Readonly<Record<string, (run: string) => string>> = {
  script: (run) => `<script>${run}</script>`,
  'script in upper case': (run) => `<SCRIPT/x>${run}</SCRIPT >`,
  'script from a net': () => `<script src=${NET}/a.js></script>`,
  'end of a script': (run) => `</script><script>${run}</script>`,
  'end of a style': (run) => `</style><script>${run}</script>`,
  'end of a title': (run) => `</title></head><body><script>${run}</script>`,
  'end of a textarea': (run) => `</textarea></template></noscript><img src=x onerror=${run}>`,
  'end of SVG': (run) => `</text></svg><script>${run}</script>`,
  'end of metadata': (run) => `</metadata></desc></title><script>${run}</script>`,
  'img onerror': (run) => `<img src=x onerror=${run}>`,
  'img onerror without an end': (run) => `<img src=x onerror=${run} `,
  'svg onload': (run) => `<svg/onload=${run}>`,
  'svg script': (run) => `<svg xmlns="http://www.w3.org/2000/svg"><script>${run}</script></svg>`,
  'svg script with a link': (run) =>
    `<svg><script href="data:text/javascript,${run}" xlink:href="data:text/javascript,${run}"/></svg>`,
  'svg animate': (run) =>
    `<svg><a><animate attributeName=href values=javascript:${run} begin=0s /><text y=9>x</text></a></svg>`,
  'svg set onbegin': (run) => `<svg><set attributeName=x onbegin=${run} begin=0s /></svg>`,
  'svg use': () => `<svg><use href="${NET}/u.svg#a" xlink:href="${NET}/u.svg#a"/></svg>`,
  'svg image': () => `<svg><image href="${NET}/i.png" xlink:href="${NET}/i.png"/></svg>`,
  foreignObject: (run) =>
    `<svg><foreignObject><iframe srcdoc="<script>parent.${run}</script>"></iframe></foreignObject></svg>`,
  'body onload': (run) => `<body onload=${run}>`,
  'details ontoggle': (run) => `<details open ontoggle=${run}>x</details>`,
  'input autofocus': (run) => `<input autofocus onfocus=${run}>`,
  'video onerror': (run) => `<video><source onerror=${run}></video>`,
  'iframe srcdoc': (run) => `<iframe srcdoc="<script>parent.${run}</script>"></iframe>`,
  'iframe javascript': (run) => `<iframe src=javascript:parent.${run}></iframe>`,
  'iframe data': (run) => `<iframe src="data:text/html,<script>parent.${run}</script>"></iframe>`,
  'object and embed': (run) => `<object data=javascript:${run}></object><embed src=javascript:${run}>`,
  'javascript link': (run) => `<a href=javascript:${run} id=x>x</a>`,
  'javascript link with entities': (run) => `<a href="&#106;ava&Tab;script&colon;${run}">x</a>`,
  'form action': (run) =>
    `<form action=javascript:${run}><button autofocus>x</button></form><script>document.forms[0].submit()</script>`,
  'meta refresh': () => `<meta http-equiv=refresh content="0; url=${NET}/m">`,
  base: () => `<base href=${NET}/><link rel=stylesheet href=${NET}/l.css>`,
  'style import': () => `<style>@import "${NET}/s.css"; * { background: url(${NET}/b.png) }</style>`,
  'style breakout': () => `red; background: url(${NET}/c.png); --x: "`,
  'CSS url': () => `<div style="background: url(${NET}/d.png); list-style: u\\72l(${NET}/e.png)">x</div>`,
  'CSS expression': (run) =>
    `"><div style="width: expression(${run}); behavior: url(${NET}/h.htc); -moz-binding: url(${NET}/x.xml)">`,
  'double quote breakout': (run) => `" onmouseover=${run} onfocus=${run} autofocus tabindex=0 x="`,
  'single quote breakout': (run) => `' onmouseover=${run} onfocus=${run} autofocus tabindex=0 x='`,
  'backtick breakout': (run) => `\`\` onerror=${run} \${${run}} \``,
  'end of a string': (run) => `";${run};//';${run};//\`;${run};//\\";${run};//`,
  comment: (run) => `<!--><script>${run}</script>--><!-- --!><img src=x onerror=${run}>`,
  CDATA: (run) => `<![CDATA[<script>${run}</script>]]>]]><script>${run}</script>`,
  'processing instruction': () => `<?xml-stylesheet href="${NET}/x.xsl" type="text/xsl"?>`,
  'document type': () => `<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY y "${NET}">]>&x;&y;`,
  entities: (run) => `&lt;script&gt;${run}&lt;/script&gt; &#60;img src=x onerror=${run}&#62; &amp;lt;b&amp;gt;`,
  'mutation noscript': (run) => `<noscript><p title="</noscript><img src=x onerror=${run}>">`,
  'mutation math': (run) =>
    `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=${run}&gt;">`,
  'mutation style in SVG': (run) => `<svg></p><style><a id="</style><img src=1 onerror=${run}>">`,
  template: (run) => `<template><script>${run}</script></template><slot onslotchange=${run}></slot>`,
  'plotly link': (run) => `<a href="javascript:${run}" target="_self">title</a><b>bold</b><br>x<sub>2</sub>`,
  'plotly template': () => '%{meta.sources.runs} %{customdata[0]} %{constructor}<extra></extra>',
  formula: (run) => `$\\href{javascript:${run}}{x}$ \\(\\href{javascript:${run}}{y}\\) $$\\require{html}\\style{x}{}$$`,
  'Markdown link': (run) => `[x](javascript:${run}) ![y](${NET}/y.png) [z]: javascript:${run} <javascript:${run}>`,
  'Markdown HTML': (run) =>
    `\n\n<div>\n\n<img src=x onerror=${run}>\n\n</div>\n\n\`\`\`{=html}\n<script>${run}</script>`,
  'separators of lines': (run) => `\u2028${run}\u2029<script>\u2028${run}</script>`,
  'null bytes': (run) => `<\0script>${run}</scr\0ipt><img\0 src=x onerror=${run}>\0`,
  'control characters': (run) => `\u0001\u0008\u001b[31m\u007f\u0085\u009b<img\u000csrc=x\u000conerror=${run}>`,
  'overrides of direction': (run) => `\u202e\u2066<script>${run}</script>\u2069 gnp.exe`,
  'lone surrogates': (run) => `\ud83d<script>${run}</script>\udc00`,
  'overlong quotes': (run) => `\uff1cscript\uff1e${run} \u02ba onload=${run} \ufe64img src=x onerror=${run}\ufe65`,
  'names of inherited properties': () => '__proto__ constructor toString hasOwnProperty valueOf',
  'a very long one': (run) => `${'<b>'.repeat(2000)}<script>${run}</script>${'x'.repeat(4000)}`,
}

/** More than forty ways to run code or to load a page out of a text. */
export const payloads: readonly Payload[] = Object.entries(MADE).map(([name, make]) => ({
  name,
  text: make(ran(name.replaceAll(' ', '-'))),
}))
