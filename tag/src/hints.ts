// What a browser tells of itself when asked: the high-entropy client hints
// (Chromium only, and where the site's permissions allow them), language and
// screen. They travel as properties of session_start. Meta has no field for
// them (tag.md § 8); they are for the site's own statistics.

interface WithHints {
  readonly userAgentData?: { getHighEntropyValues(names: readonly string[]): Promise<object> }
}

/** What is known by now. */
export let hints: object | undefined

/** Asks for the hints, so that they are there when the first beacon is made. Only with consent. */
export function askForHints(): void {
  if (hints) return
  const { language, userAgentData: agent } = navigator as Navigator & WithHints
  hints = { language, screen: screen.width + 'x' + screen.height }
  if (agent)
    agent.getHighEntropyValues(['model', 'platformVersion']).then(more => (hints = { ...hints, ...more }))
}
