// Runs in every page of the tests of hostile texts, before anything else in it.

globalThis.RAN = (name) => console.log(`RAN ${name}`)

const REFUSED = new Set(
  'iframe object embed base form foreignobject frame applet portal template noscript link'.split(' '),
)
const LINKS = new Set('href src xlink:href action formaction data poster srcset ping background'.split(' '))

/** Whether the value of a link is a place of the page, a picture in it, or, of an anchor, a page that a reader may open. */
function isHarmless(name, value) {
  if (/^\s*(#|data:image\/|$)/i.test(value)) return true
  // An address that is none leads nowhere.
  return name === 'a' && (!URL.canParse(value, HERE) || OPENED.has(new URL(value, HERE).protocol))
}
const HERE = 'http://documents.test/'
const OPENED = new Set(['http:', 'https:', 'mailto:'])

const isActiveStyle = (css) => /@import|expression\s*\(|url\(\s*["']?(?!["']?(#|data:))/i.test(css)

function faultOf(element) {
  const name = element.localName.toLowerCase()
  if (REFUSED.has(name)) return 'element'
  if (name === 'meta' && /refresh/i.test(element.getAttribute('http-equiv') ?? '')) return 'element'
  if (name === 'style' && isActiveStyle(element.textContent)) return 'style'
  for (const { name: key, value } of element.attributes) {
    if (/^on/i.test(key)) return key
    if (LINKS.has(key.toLowerCase()) && !isHarmless(name, value)) return `${key}=${value.slice(0, 60)}`
    if (/^(set|animate)/.test(name) && key === 'attributeName' && /^(href|xlink|on)/i.test(value)) return key
    if (key === 'style' && isActiveStyle(value)) return `style=${value.slice(0, 80)}`
  }
  return null
}

/** Whether a script is a block of data, which no browser runs. */
const isData = (script) => /json/.test(script.getAttribute('type') ?? '')

globalThis.hostile = {
  /** Returns descriptions of active content in the document. @param own number of scripts that are the page's own */
  activeContent(own) {
    const elements = [...document.querySelectorAll('*')]
    const scripts = elements
      .filter((element) => element.localName.toLowerCase() === 'script' && !isData(element))
      .slice(own)
    const faults = elements.flatMap((element) => {
      const fault = faultOf(element)
      return fault === null ? [] : [`${fault} of ${element.outerHTML.slice(0, 120)}`]
    })
    return [...faults, ...scripts.map((script) => script.outerHTML.slice(0, 120))]
  },

  /** Returns why the document is not well-formed XML; null if it is. */
  fault: () => document.querySelector('parsererror')?.textContent ?? null,

  /** Draws figures with plotly.js, points at each, and returns their titles. */
  async titlesOf(figures) {
    const titles = []
    document.body.replaceChildren()
    for (const { data, layout } of figures) {
      const place = document.body.appendChild(document.createElement('div'))
      await Plotly.newPlot(place, data, layout, { displaylogo: false })
      try {
        Plotly.Fx.hover(place, [{ curveNumber: 0, pointNumber: 0 }])
      } catch {
        // Not every kind of figure has such a point.
      }
      titles.push(place.querySelector('.gtitle')?.textContent ?? '')
    }
    return titles
  },
}
