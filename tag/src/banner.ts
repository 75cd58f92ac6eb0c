// The banner: asks with the edge's own text, and answers with the token that
// proves it (consent.md § 3.4). By itself it shows only to somebody who has not
// answered, where the law asks first or the browser's signal is to be told of;
// matchkey('ask') shows it whenever the page likes. The request for the text says
// nothing of the visitor: no cookie, no address of the page.
//
// It takes neither the focus nor any key, and only its two buttons are an answer.
// It stands beside the body, before it: first for keyboards and screen readers,
// out of reach of selectors such as `body > * + *` and of a body that is
// transformed or replaced, and in nobody's layout. A constructed style sheet
// needs no permission of a content security policy (Chrome 73, Firefox 101,
// Safari 16.4); where there is none, nobody is asked. Everything is text.

import { answered, recallAnswer } from './answer'
import { consent } from './consent'
import { gpc } from './gpc'
import { guarded } from './guard'
import { ignore } from './ignore'
import { fetch_ } from './native'
import { url } from './transport'
import type { Answer } from './types'

// System colours follow the dark mode and forced colours by themselves.
const STYLE =
  ':host{all:initial!important;color-scheme:light dark!important;position:fixed!important;inset:auto 0 0!important;z-index:2147483647!important}' +
  'section{max-height:60vh;overflow:auto;padding:1em;border-top:2px solid;background:Canvas;color:CanvasText;font:1em/1.5 system-ui,sans-serif;overflow-wrap:anywhere}' +
  'section>*{max-width:42em;margin:0 auto 1em;white-space:pre-line}' +
  'div{display:flex;flex-wrap:wrap;gap:.75em}' +
  'button{flex:1 1 8em;min-height:2.75em;font:inherit;font-weight:600;border:2px solid CanvasText;border-radius:.4em;background:CanvasText;color:Canvas;cursor:pointer}' +
  'a{display:block;padding:.6em 0;color:LinkText}' +
  ':focus-visible{outline:3px solid CanvasText;outline-offset:3px}' +
  '@media print{:host{display:none!important}}'

/** What stands in the page. */
let shown: HTMLElement | undefined

/** Somebody has answered, here or in another tab. */
export const dismiss = () => shown && shown.remove()

/** Asks by itself, when that is needed. */
export const offer = () => answered() || ask(1)

/** matchkey('ask'): fetches the notice and shows it; with `needed`, only where the person has to be asked or told. */
export const ask = /* @__PURE__ */ guarded(async (needed?: 1) => {
  let told, notice: Notice
  try {
    const { lang } = document.documentElement
    const response = await fetch_!(url + '/notice' + (lang && '?lang=' + encodeURIComponent(lang)), {
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
    })
    told = await response.json()
    notice = told.notice
    if (!notice.text) throw told
  } catch (error) {
    return ignore('notice', error)
  }
  const place = guarded(() => {
    recallAnswer()
    if (!needed || (!answered() && (gpc || told.regime === 'opt_in'))) show(notice)
  })
  document.body ? place() : addEventListener('DOMContentLoaded', place)
})

/** A text as the edge serves it. */
interface Notice {
  language: string
  hash: string
  text: string
  token?: string
}

function show({ language, hash, text, token }: Notice): void {
  const spoken = BANNER_WORDS[language] ? language : 'en'
  const [accept, reject, choose, label, signal] = BANNER_WORDS[spoken]!
  const add = (to: Node, name: string, text: string) => {
    const element = to.appendChild(document.createElement(name))
    element.textContent = text
    return element
  }
  dismiss()
  shown = document.createElement('div')
  const root = shown.attachShadow({ mode: 'open' })
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(STYLE)
  ;(root as any).adoptedStyleSheets = [sheet]
  const region = add(root, 'section', '')
  region.lang = spoken
  region.setAttribute('role', 'region')
  region.setAttribute('aria-label', label)
  const words = add(region, 'p', text)
  words.lang = language
  words.dir = 'auto'
  if (gpc) add(region, 'p', signal)
  const pair = add(region, 'div', '')
  const button = (word: string, action: Answer['a']) => {
    add(pair, 'button', word).onclick = guarded(() =>
      consent(action, { source: 'banner', language, notice: hash, token, informed: gpc }),
    )
  }
  button(accept, 'accept')
  button(reject, 'reject')
  const link = add(region, 'a', choose) as HTMLAnchorElement
  link.href = url + '/preferences?lang=' + encodeURIComponent(language)
  document.body.before(shown)
}
