// A stand-in for Meta's Pixel, for a demo without an account. Like the original
// it keeps its id of the browser in _fbp, holds everything until consent, and
// sends each event as an image. Unlike it, it shows what it sent (#pixel-log).
'use strict'
;(() => {
  const { pixel: url, dataset, consent } = document.body.dataset
  const log = document.getElementById('pixel-log')
  const sent = []
  let granted = consent === 'accept'
  let held = []

  const cookie = name => (document.cookie.match('(?:^|; )' + name + '=([^;]*)') || [])[1]

  // fb.<subdomain index>.<ms>.<random digits>, for 90 days.
  function browserId() {
    if (!cookie('_fbp')) {
      const digits = 1e9 + (crypto.getRandomValues(new Uint32Array(1))[0] % 9e8)
      document.cookie = `_fbp=fb.1.${Date.now()}.${digits}; path=/; max-age=7776000; samesite=lax` + (location.protocol === 'https:' ? '; secure' : '')
    }
  }

  function send({ ev, data, eid, at }) {
    const parameters = new URLSearchParams({ id: dataset, ev, dl: location.origin + location.pathname, rl: '', if: 'false', ts: at })
    for (const [key, value] of Object.entries(data)) {
      parameters.set(`cd[${key}]`, typeof value === 'object' ? JSON.stringify(value) : value)
    }
    if (eid) parameters.set('eid', eid)
    for (const name of ['fbp', 'fbc']) if (cookie('_' + name)) parameters.set(name, cookie('_' + name))
    new Image().src = url + '?' + parameters
    sent.push(Object.fromEntries(parameters))
    log.dataset.sent = JSON.stringify(sent)
    log.append(Object.assign(document.createElement('li'), { textContent: ev + (eid ? ' · ' + eid : '') }))
  }

  const commands = {
    track(ev, data = {}, { eventID: eid } = {}) {
      const event = { ev, data, eid, at: Date.now() }
      if (granted) send(event)
      else if (held.length < 50) held.push(event)
    },
    consent(action) {
      granted = action === 'grant'
      if (granted) {
        browserId()
        held.forEach(send)
      } else {
        document.cookie = '_fbp=; path=/; max-age=0'
      }
      held = []
    },
  }
  window.fbq = (command, ...rest) => commands[command] && commands[command](...rest)

  if (granted) browserId()
  window.fbq('track', 'PageView')
})()
