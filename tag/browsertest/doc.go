// Package browsertest drives real headless browsers from Go tests: Chromium by
// its own protocol, with everything that a test may want to know ([Page]), and
// Firefox by WebDriver BiDi, with what both can do ([Engines], [Tab]).
//
// It is separate from the tests that use it because three of them do: the
// tag's own, the whole story's at the root, and the console's. It knows nothing
// of Matchkey.
//
// Starting a browser costs about a second, a page with its own cookie jar some
// tens of milliseconds. So start one browser for a test and give every subtest
// its own page:
//
//	func TestShop(t *testing.T) {
//		b := browsertest.New(t)
//		t.Run("the banner hides the rest", func(t *testing.T) {
//			p := b.Page(t)
//			p.Goto(shop.URL)
//			p.Click("#accept")
//			p.WaitVisible("#home")
//			seen.Wait(t, "the accept beacon", isBeacon)
//		})
//	}
//
// # What it promises
//
//   - Failures end the test with the step that failed; when a test failed, the
//     page's console, uncaught errors and requests are logged.
//   - Nothing sleeps. A step waits for a named signal: an element, an expression
//     that becomes true, a request that reaches a [Recorder]; each is bounded by
//     [StepTimeout].
//   - Absence can be asserted: [Page.Settle] returns when everything the page
//     had put off for a moment has been done, and [Page.Requests] then lists
//     everything it sent, wherever to.
//   - No request leaves the machine: every host name resolves to 127.0.0.1, so
//     that http://www.example.co.uk:PORT reaches an httptest server.
//
// # When there is no browser
//
// $CHROMIUM, chromium, chromium-browser and google-chrome are tried in this
// order. When none is there, the test fails if $CI is set (a suite that can skip
// must fail where it was expected to run), else it is skipped with a message
// that says what to do. Firefox is looked for in the same way, in $FIREFOX,
// firefox-esr and firefox. WebKit is not driven: Debian's driver for it needs a
// display server and a browser of its own.
package browsertest
