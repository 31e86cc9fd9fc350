// Runs in a page: replaces the still of every player by its controls and a frame. `frames` are the functions of frame.ts.

/**
 * Mounts all players of the page that have not been mounted.
 *
 * @param {typeof import('./frame.js')} frames
 */
export function mountAll(frames) {
  for (const root of document.querySelectorAll('.recurlab-player'))
    if (root.dataset.mounted !== 'yes') {
      root.dataset.mounted = 'yes'
      const still = root.querySelector('img')
      recordingIn(still.src).then((data) => isDrawable(data) && mount(root, data, frames))
    }
}

const SLOW_MS = 900
const FAST_MS = 120

function mount(root, data, frames) {
  const last = data.frames.length - 1
  const at = { frame: last, by: 'step', latent: 1, map: 0, cell: -1 }
  let timer = null

  const made = (name, properties, ...children) => {
    const element = Object.assign(document.createElement(name), properties)
    element.append(...children)
    return element
  }
  const button = (words, meaning, act) => {
    const element = made('button', { type: 'button', textContent: words, title: meaning, onclick: act })
    element.setAttribute('aria-label', meaning)
    element.style.cssText = 'min-width: 2.4em; min-height: 2em; margin: 0 2px 0 0'
    return element
  }
  const select = (meaning, names, chosen, act) => {
    const options = names.map((name, i) =>
      made('option', { value: String(i), textContent: name, selected: i === chosen }),
    )
    const element = made('select', { onchange: () => act(Number(element.value)) }, ...options)
    element.setAttribute('aria-label', meaning)
    element.style.cssText = 'min-height: 2em; margin: 0 6px 0 0'
    return element
  }

  const stride = () => (at.by === 'step' ? data.updates : 1)
  const show = (change) => {
    Object.assign(at, change)
    at.frame = Math.max(0, Math.min(last, at.frame))
    if (at.by === 'step') at.frame = frames.stepOf(data, at.frame) * data.updates
    draw()
  }
  const move = (count) => show({ frame: at.frame + count * stride() })
  const stop = () => {
    clearInterval(timer)
    timer = null
    setPlay()
  }
  const play = () => {
    if (timer !== null) return stop()
    if (at.frame === last) show({ frame: 0 })
    const tick = () => (at.frame === last ? stop() : move(1))
    timer = setInterval(tick, at.by === 'step' ? SLOW_MS : FAST_MS)
    setPlay()
  }
  const halt = (act) => () => {
    stop()
    act()
  }

  const slider = made('input', {
    type: 'range',
    min: '0',
    oninput: () => show({ frame: Number(slider.value) * stride() }),
  })
  slider.style.cssText = 'width: 240px; vertical-align: middle; margin: 0 8px'
  const playButton = button('▶', 'Play', play)
  const setPlay = () => {
    playButton.textContent = timer === null ? '▶' : '❚❚'
    playButton.setAttribute('aria-label', timer === null ? 'Play' : 'Pause')
    playButton.title = timer === null ? 'Play (space)' : 'Pause (space)'
  }
  const bar = made(
    'div',
    {},
    button(
      '«',
      'First',
      halt(() => show({ frame: 0 })),
    ),
    button(
      '‹',
      'Back (left arrow)',
      halt(() => move(-1)),
    ),
    playButton,
    button(
      '›',
      'Forward (right arrow)',
      halt(() => move(1)),
    ),
    button(
      '»',
      'Last',
      halt(() => show({ frame: last })),
    ),
    slider,
    select('Unit of a move', ['by supervision step', 'by update'], 0, (i) => {
      stop()
      show({ by: i === 0 ? 'step' : 'update' })
    }),
  )
  bar.style.cssText = 'margin: 4px 0'
  if (data.latents.length > 2)
    bar.append(select('Latent beside the answer', data.latents.slice(1), 0, (i) => show({ latent: i + 1 })))
  const maps = frames.mapsAt(data, last)
  if (maps.length > 0) {
    const names = maps.map((map) => frames.mapName(data, map))
    bar.append(select('Map', names, 0, (i) => show({ map: i })))
    const cell = made('input', {
      type: 'number',
      min: '0',
      max: String(data.board.rows * data.board.columns),
      value: '0',
    })
    cell.setAttribute('aria-label', 'Cell whose sources the map shows, counted from 1; 0: none')
    cell.title = 'Cell whose sources the map shows, counted from 1; 0: none. Or click on a cell of the map.'
    cell.style.cssText = 'width: 4.5em; min-height: 1.8em'
    cell.oninput = () => {
      const i = Number(cell.value) - 1
      const { columns, stride: wide } = data.board
      show({ cell: i < 0 ? -1 : Math.floor(i / columns) * wide + (i % columns) })
    }
    bar.append('cell ', cell)
  }

  const stage = made('div', {})
  stage.setAttribute('role', 'img')
  stage.onclick = (event) => {
    const box = stage.firstElementChild.getBoundingClientRect()
    const scale = frames.FRAME.width / box.width
    const cell = frames.mapCellAt(data, (event.clientX - box.left) * scale, (event.clientY - box.top) * scale)
    if (cell >= 0 || at.cell >= 0) show({ cell: cell === at.cell ? -1 : cell })
  }
  const words = made('div', {})
  words.setAttribute('aria-live', 'polite')
  words.style.cssText = 'position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%)'

  const draw = () => {
    const text = frames.describeFrame(data, at)
    stage.innerHTML = frames.frameSvg(data, at, 'currentColor')
    stage.setAttribute('aria-label', text)
    slider.max = String(last / stride())
    slider.value = String(at.frame / stride())
    slider.setAttribute('aria-label', at.by === 'step' ? 'Supervision step' : 'Update')
    slider.setAttribute('aria-valuetext', text)
    if (timer === null) words.textContent = text
  }

  const keys = {
    ArrowRight: () => move(1),
    ArrowLeft: () => move(-1),
    PageDown: () => show({ frame: at.frame + data.updates }),
    PageUp: () => show({ frame: at.frame - data.updates }),
    Home: () => show({ frame: 0 }),
    End: () => show({ frame: last }),
  }
  root.onkeydown = (event) => {
    const { key, target } = event
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const field = target.closest('select, input[type=number]')
    const act = key === ' ' ? play : keys[key]
    // A button has its own meaning of the space bar.
    if (!act || field || (key === ' ' && target.closest('button'))) return
    event.preventDefault()
    event.stopPropagation()
    if (key !== ' ') stop()
    act()
  }
  root.tabIndex = 0
  root.setAttribute('role', 'group')
  root.setAttribute('aria-label', `${data.title}. Arrow keys move, space plays.`)
  root.style.position = 'relative'
  root.replaceChildren(bar, stage, words)
  draw()
}

/**
 * Returns whether what is drawn without escaping is a number or a colour: a notebook by somebody else may carry anything, and
 * its still stays as it is.
 */
function isDrawable({ board, looks, updates }) {
  const isColor = (text) => /^#[0-9a-f]{6}$/i.test(text)
  return (
    [board.rows, board.columns, board.stride, updates].every(Number.isInteger) &&
    isColor(board.lines) &&
    looks.flat().every(([, fill, ink]) => isColor(fill) && isColor(ink))
  )
}

/** Returns the recording that a still carries in its metadata. */
async function recordingIn(source) {
  const [, packed] = /<metadata>(.*?)<\/metadata>/.exec(atob(source.slice(source.indexOf(',') + 1)))
  const bytes = Uint8Array.from(atob(packed), (char) => char.charCodeAt(0))
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return new Response(stream).json()
}
