package tag_test

import (
	"fmt"
	"strings"
	"testing"

	"matchkey/build"
	"matchkey/tag/browsertest"
)

// leaves is how often a page is left in each way, in each browser. It is what
// tag.md § 5 measured with, where sendBeacon lost some.
const leaves = 200

// at a time, so that no step of the driver takes long.
const batch = 25

// TestNothingIsLostOnLeaving: what is tracked in the very moment in which the
// page is left arrives, by the transport alone: without a queue that would send
// it again from the next page.
func TestNothingIsLostOnLeaving(t *testing.T) {
	features, err := build.Features(build.Default, nil, []build.Feature{build.Retry})
	if err != nil {
		t.Fatal(err)
	}
	for _, engine := range browsertest.Engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			t.Parallel() // two browsers on two cores
			s, p := newShop(t, build.TagOptions{Features: features}), engine.Page(t)
			snippet := strings.Replace(build.Snippet("demo", "/mk"), "async ", "", 1)
			// A page that tracks and goes on to the next, until the last.
			s.serve("/hop", document{html: `<!doctype html>` + snippet + `<script>
				const [i, last] = location.search.slice(1).split('-').map(Number)
				addEventListener('load', () => {
					matchkey('track', 'hop', {i})
					if (i < last) location.href = '/hop?' + (i + 1) + '-' + last
				})</script>`})
			// One that tracks and closes itself.
			s.serve("/close", document{html: `<!doctype html>` + snippet + `<script>
				addEventListener('load', () => { matchkey('track', 'close', {i: Number(location.search.slice(1))}); close() })</script>`})
			s.serve("/opener", document{html: `<!doctype html>` + snippet + `<script>
				const shut = w => new Promise(done => { const look = () => w.closed ? done() : setTimeout(look, 5); look() })
				window.open25 = async from => { for (let i = from; i < from + 25; i++) await shut(window.open('/close?' + i)) }</script>`})

			p.Goto(s.URL + "/opener")
			p.Eval(accept, nil)
			s.wait(t, "page_view")
			for from := 0; from < leaves; from += batch {
				p.Eval(fmt.Sprintf(`open25(%d)`, from), nil)
			}
			for from := 0; from < leaves; from += batch {
				p.Goto(fmt.Sprintf("%s/hop?%d-%d", s.URL, from, from+batch-1))
				s.seen.Wait(t, "the last hop", func(r browsertest.Received) bool {
					return isBeacon(r) && strings.Contains(string(r.Body), `"n":"hop"`) && strings.Contains(string(r.Body), fmt.Sprintf(`"p":{"i":%d}`, from+batch-1))
				})
			}
			p.Goto(s.URL + "/opener")
			p.Settle()
			arrived := map[string]map[int]int{"close": {}, "hop": {}}
			for _, b := range s.beacons(t) {
				for _, e := range b.E {
					if seen := arrived[e.N]; seen != nil {
						seen[int(e.P["i"].(float64))]++
					}
				}
			}
			for name, seen := range arrived {
				if len(seen) != leaves {
					t.Errorf("%s: %d of %d arrived", name, len(seen), leaves)
				}
				for i, n := range seen {
					if n != 1 {
						t.Errorf("%s %d arrived %d times", name, i, n)
					}
				}
			}
		})
	}
}
