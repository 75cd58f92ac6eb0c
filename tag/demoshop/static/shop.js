// The shop's own script: it tells the tag (matchkey) and the Pixel (fbq) what
// happened, and takes the answer to the banner. The pages work without it.
'use strict'
;(() => {
  // Both may be missing or late; then calls wait in a queue, as with any snippet.
  const matchkey = (...call) => {
    window.matchkey = window.matchkey || function () { (window.matchkey.q = window.matchkey.q || []).push(arguments) }
    window.matchkey(...call)
  }
  const fbq = (...call) => window.fbq && window.fbq(...call)

  const page = document.body.dataset
  const banner = document.getElementById('privacy-banner')

  // Whoever is signed in is named on every page, because the tag remembers it
  // no longer than the page lives. After a refusal that would only repeat the
  // refusal, so it is done when they sign in, and when they answer anew.
  let named = false
  function name() {
    if (page.customer && !named) matchkey('identify', page.customer)
    named = true
  }
  if (page.consent !== 'reject') name()

  // What the last form did, told once. The same id goes both ways, so that the
  // two copies of one fact can meet.
  for (const m of JSON.parse(page.tell || '[]')) {
    const { value, currency, contents } = m
    if (m.do === 'signed_in') name()
    if (m.do === 'signed_out') matchkey('identify', null)
    if (m.do === 'cart') {
      matchkey('track', 'cart_update', { action: m.action, contents, value, currency }, { id: m.id })
      if (m.action === 'add') fbq('track', 'AddToCart', { value, currency, contents }, { eventID: 'cart_update.' + m.id })
    }
    if (m.do === 'purchase') fbq('track', 'Purchase', { value, currency, contents }, { eventID: 'purchase.' + m.id })
  }

  // The tag may know better than the shop's cookie: its own may have expired
  // (a browser that keeps script cookies for a week), or another page of the
  // site took the answer back. An answer given while the tag was loading counts.
  const before = page.consent
  matchkey('get', known => {
    if (page.consent !== before) return
    if (known.consent === null && before) show('')
    if (known.consent === 'reject' && before === 'accept') {
      fbq('consent', 'revoke')
      show('reject')
    }
  })

  // Who is told of their browser's wish may override it; nobody else does.
  const signal = navigator.globalPrivacyControl === true
  for (const note of document.querySelectorAll('.gpc-note')) note.hidden = !signal

  /** Shows what depends on the answer: the banner, the texts of the privacy page. */
  function show(answer) {
    page.consent = answer
    banner.hidden = answer !== ''
    for (const since of document.querySelectorAll('.since')) since.remove() // that was the earlier answer's
    for (const part of document.querySelectorAll('[data-when]')) {
      part.hidden = !part.dataset.when.split(' ').includes(answer)
    }
  }

  for (const form of document.querySelectorAll('form[action="/privacy"]')) {
    form.addEventListener('submit', event => {
      event.preventDefault()
      const action = event.submitter.value
      const accepted = action === 'accept'
      const focused = form.contains(document.activeElement)
      // The Pixel first: its id of the browser exists when the tag looks.
      fbq('consent', accepted ? 'grant' : 'revoke')
      name()
      matchkey('consent', action, { source: form.dataset.source, language: page.language, ...(signal && { informed: true }) })
      document.cookie = `shop_privacy=${accepted ? 'accept' : 'reject'}.${Date.now()}.${page.notice}; path=/; max-age=15552000; samesite=lax` + (location.protocol === 'https:' ? '; secure' : '')
      // The server sets it again: its cookies live longer in some browsers.
      fetch('/privacy', {
        method: 'POST', keepalive: true, headers: { 'X-Shop-Script': '1' },
        body: new URLSearchParams({ answer: action }),
      }).catch(() => {}) // then it stays as the script set it
      show(accepted ? 'accept' : 'reject')
      document.getElementById('announce').textContent = accepted ? 'You accepted.' : action === 'withdraw' ? 'You took your consent back.' : 'You rejected.'
      // The button that had the focus is gone; do not leave the keyboard nowhere.
      if (focused) {
        const main = document.querySelector('main')
        main.tabIndex = -1
        main.focus({ preventScroll: true })
      }
    })
  }
})()
