// The visitor's IPv6 address, for an edge that is reached by IPv4 only: a second
// host that has no other kind of address answers with what it sees. Asked once a
// page, with consent.

import { fetch_ } from './native'

/** Empty as long as it is not known, undefined before it is asked for. */
export let ipv6: string | undefined

export function askForIPv6(): void {
  if (ipv6 == null && fetch_) {
    ipv6 = ''
    fetch_(IPV6_URL)
      .then(answer => answer.text())
      .then(
        text => (ipv6 = text),
        () => {}, // this visitor has no IPv6
      )
  }
}
