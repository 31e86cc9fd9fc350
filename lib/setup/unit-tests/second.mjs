// The second half of the unit tests, for `node --test`.
import { loadShare } from './share.mjs'

loadShare(1)
