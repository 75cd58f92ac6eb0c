// Package preferences renders the page on which people see and change what
// they allowed.
//
// It is separate from the edge because it is what a stranger reads: it must be
// possible to look at it, to translate it and to test it without a server. It
// is pure: a [View] in, HTML out; no clock, no network, no state.
//
// # What it promises
//
//   - To say yes to all and no to all are the same kind of button, in one row
//     and before everything else that can be pressed (consent.md § 7.1).
//   - Nothing is ticked that the person did not allow, except where the law
//     lets the site begin with a yes; then what is true is shown.
//   - It is a plain form: no script at all, no request to anybody else. The
//     policy ([Renderer.Policy]) lets a browser load nothing.
//   - One language at a time. A language is offered only when the notice and
//     every text of the page exist in it; a text that is missing in a catalogue
//     fails the tests, one that is missing in a site's own ends the start.
//   - All that comes from a configuration or a person is text, never markup.
//
// # Where things stand
//
// texts/ one catalogue for each language, texts.go their rules · view.go what is
// shown · render.go, page.html, style.css how · look.go a site's own colours,
// logo and texts · receipt.go what a person takes home.
//
// The rules are reference/consent.md § 7.
package preferences
