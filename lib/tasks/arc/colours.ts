/** The ten colours of ARC in the official viewer, by number. */
export const ARC_COLOURS: readonly string[] = [
  '#000000',
  '#0074D9',
  '#FF4136',
  '#2ECC40',
  '#FFDC00',
  '#AAAAAA',
  '#F012BE',
  '#FF851B',
  '#7FDBFF',
  '#870C25',
]

/** Colour names, by number. */
export const ARC_COLOUR_NAMES: readonly string[] = [
  'black',
  'blue',
  'red',
  'green',
  'yellow',
  'grey',
  'magenta',
  'orange',
  'azure',
  'maroon',
]
