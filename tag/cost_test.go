package tag_test

import (
	"slices"
	"strings"
	"testing"

	"matchkey/build"
	"matchkey/tag/browsertest"
)

// testCost: what the tag does not do to a page while it loads. How long it takes
// is BenchmarkStart's business: a test that measures time fails on a busy machine.
func testCost(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{Features: with(build.Twin, build.TCF, build.GPP, build.ConsentMode, build.InApp, build.Hints)}), b.Page(t)
	p.Goto(s.URL)
	p.Eval(accept, nil)
	s.wait(t, "page_view")
	p.OnNewDocument(`window.did = []
		const spy = (object, name) => {
			const d = Object.getOwnPropertyDescriptor(object, name)
			if (d && d.get) Object.defineProperty(object, name, {...d, get() { did.push(name); return d.get.call(this) }})
			else if (d) object[name] = function (...a) { did.push(name); return d.value.apply(this, a) }
		}
		for (const n of ['offsetWidth', 'offsetHeight', 'offsetTop', 'offsetLeft', 'offsetParent']) spy(HTMLElement.prototype, n)
		for (const n of ['clientWidth', 'clientHeight', 'scrollTop', 'scrollHeight', 'getBoundingClientRect', 'getClientRects']) spy(Element.prototype, n)
		for (const n of ['getComputedStyle', 'innerWidth', 'innerHeight', 'scrollX', 'scrollY', 'localStorage', 'sessionStorage', 'indexedDB']) spy(window, n)
		for (const n of ['setItem', 'getItem', 'removeItem']) spy(Storage.prototype, n)
		for (const n of ['write', 'createElement', 'execCommand']) spy(Document.prototype, n)
		window.XMLHttpRequest = class { constructor() { did.push('XMLHttpRequest') } }
		addEventListener('load', () => { window.atLoad = did.slice() })`)
	p.Goto(s.URL + "/again")
	s.waitN(t, "page_view", 2)
	var before []string
	p.Eval(`window.atLoad`, &before)
	if len(before) != 0 {
		t.Errorf("before the page was loaded the tag used %q", before)
	}
	p.Settle()
	var later []string
	p.Eval(`did`, &later)
	if later = slices.DeleteFunc(later, func(n string) bool { return strings.HasSuffix(n, "Storage") }); len(later) != 0 {
		t.Errorf("afterwards it used %q", later)
	}
}

// BenchmarkStart reports how long the browser is busy with the tag of each
// preset, parsed and run, at a quarter of the processor's speed: the least and
// the middle of the runs, in milliseconds.
func BenchmarkStart(b *testing.B) {
	browser := browsertest.New(b)
	for _, preset := range build.Presets() {
		b.Run(string(preset), func(b *testing.B) {
			features, err := build.Features(preset, nil, nil)
			if err != nil {
				b.Fatal(err)
			}
			if features == nil {
				features = []build.Feature{}
			}
			script, err := build.Tag(build.TagOptions{Site: "demo", Endpoint: "/mk/demo", Features: features, NoticeHash: noticeHash})
			if err != nil {
				b.Fatal(err)
			}
			s := serveScript(b, script.Body)
			p := browser.Page(b)
			p.Throttle(4)
			var took []float64
			for range max(b.N, 20) {
				p.Goto(s.URL)
				var ms float64
				p.Eval(`window.took`, &ms)
				took = append(took, ms)
			}
			slices.Sort(took)
			b.ReportMetric(took[0], "least-ms")
			b.ReportMetric(took[len(took)/2], "median-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}
