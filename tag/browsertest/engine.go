package browsertest

import "testing"

// A Tab is what both engines can do: the part of [Page] that tests need which
// run in every browser. Steps end the test when they fail.
type Tab interface {
	// Goto opens an address and waits until the document and what it loads are there.
	Goto(url string)
	// Eval evaluates a JavaScript expression, awaits it when it is a promise, and
	// decodes its JSON value into out; nil throws the value away.
	Eval(js string, out any)
	// WaitFor waits until a JavaScript expression is truthy.
	WaitFor(js string)
	// Settle waits until the page has done what it had put off by up to a tenth of a second.
	Settle()
	// SetCookie puts a host-only session cookie for the address into the jar.
	SetCookie(url, name, value string)
	// Press presses keys one after the other: Tab, Enter, Space or Escape.
	Press(keys ...string)
	// Close closes the tab as a person would.
	Close()
}

// An Engine is a running browser of one kind.
type Engine struct {
	// Name is chromium or firefox.
	Name string
	// Page opens a tab with a cookie jar of its own; it is closed when t ends.
	Page func(t testing.TB) Tab
	// Tab opens another tab beside one, in its jar.
	Tab func(t testing.TB, beside Tab) Tab
}

// Engines starts every browser that the machine has. Chromium must be there in
// CI (see [New]); without Firefox its tests are not run, which is said.
func Engines(t testing.TB) []Engine {
	t.Helper()
	chromium := New(t)
	engines := []Engine{{
		Name: "chromium",
		Page: func(t testing.TB) Tab { return chromium.Page(t) },
		Tab:  func(_ testing.TB, beside Tab) Tab { return beside.(*Page).Tab() },
	}}
	if firefox := newFirefox(t); firefox != nil {
		engines = append(engines, Engine{
			Name: "firefox",
			Page: func(t testing.TB) Tab { return firefox.page(t) },
			Tab:  func(t testing.TB, beside Tab) Tab { return firefox.tab(t, beside.(*firefoxPage).jar) },
		})
	}
	return engines
}
