// Meta's in-app browsers keep the click id for pages whose address lost it, and
// hand it out in two ways (capi.md § 5.2, tag.md § 7): on iOS by a message
// handler that answers with a promise, on Android by a request to an address of
// a scheme of their own, which the app intercepts. Asked with consent only; the
// answer takes some milliseconds, so it goes along with the first beacon or, at
// the latest, with the next.

let told: string | undefined

const take = (id: string): void => {
  if (/^[\w-]{1,500}$/.test(id)) told = id
}

/** The click id that the app gave; asks for it the first time. */
export function inAppClick(): string {
  if (told == null) {
    told = ''
    try {
      // iOS
      ;(window as any).webkit.messageHandlers.browserProperties.postMessage('clickID').then(take, () => {})
    } catch {
      if (/Android.*(FB_IAB|Instagram)/.test(navigator.userAgent)) {
        // fetch() refuses schemes that it does not know before the app sees them.
        const request = new XMLHttpRequest()
        request.onload = () => take(request.response)
        request.open('GET', 'properties://browser/clickID')
        request.send()
      }
    }
  }
  return told
}
