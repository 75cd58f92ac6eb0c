package edge

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// A jar is one browser's cookies, as all its tabs see them.
type jar struct {
	mu     sync.Mutex
	values map[string]string
}

func (j *jar) set(name, value string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.values[name] = value
}

func (j *jar) header() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []string
	for name, value := range j.values {
		all = append(all, name+"="+value)
	}
	return strings.Join(all, "; ")
}

// take stores what an answer sets.
func (j *jar) take(r *http.Response) {
	for _, c := range r.Cookies() {
		j.set(c.Name, c.Value)
	}
}

// TestTabsOfOneBrowserAreOneVisitor: tabs that are opened together find no
// cookie, and each makes an id of its own, as the tag does, and as the
// advertiser's script does with the browser's id. The last one written counts
// for all, at once and ever after.
func TestTabsOfOneBrowserAreOneVisitor(t *testing.T) {
	f := start(t)
	j := &jar{values: map[string]string{}}
	const tabs = 16
	beacon := func(tab int, visitor, browser string) string {
		return fmt.Sprintf(`{"v":1,"t":1795431646170,"i":%q,"m":{"_fbp":%q},"c":{"a":"accept","t":1795431646000,"s":"banner"},`+
			`"e":[{"n":"page_view","i":"pv%d","t":1795431646120}]}`, visitor, browser, tab)
	}
	var written, sent sync.WaitGroup
	written.Add(tabs)
	for tab := range tabs {
		sent.Go(func() {
			visitor, browser := fmt.Sprintf("1.t.tab%d", tab), fmt.Sprintf("fb.1.1795431600%03d.%d", tab, 1000+tab)
			j.set(cookieVisitor, visitor) // no tab saw another's
			j.set("_fbp", browser)
			written.Done()
			written.Wait()
			r := f.beacon(beacon(tab, visitor, browser), "Cookie", j.header())
			if r.StatusCode != http.StatusNoContent {
				t.Errorf("tab %d: %s", tab, r.Status)
			}
			j.take(r.Response)
		})
	}
	sent.Wait()
	visitors, browsers := map[string]bool{}, map[string]bool{}
	for _, e := range f.journal.stored() {
		visitors[e.Visitor] = true
		browsers[find(t, e, "browser").Value] = true
	}
	if len(f.journal.stored()) != tabs || len(visitors) != 1 || len(browsers) != 1 {
		t.Errorf("%d beacons of one browser are of the visitors %v with the ids %v; want one of each", len(f.journal.stored()), visitors, browsers)
	}
	if !visitors[j.values[cookieVisitor]] || !browsers[j.values["_fbp"]] {
		t.Errorf("the cookies are %v in the end, others than what is stored", j.values)
	}
}

// TestCookiesOfAnotherHostDoNotCount: where page and edge have cookies of their
// own, the page's word is the only one that its site knows as well.
func TestCookiesOfAnotherHostDoNotCount(t *testing.T) {
	f := start(t)
	body := `{"v":1,"t":2,"i":"1.t.page","c":{"a":"accept","t":1,"s":"banner"},"e":[{"n":"page_view","i":"pv","t":1}]}`
	for host, want := range map[string]string{"shop.example": "1.t.jar", "edge.other.example": "1.t.page", "SHOP.example:8443": "1.t.jar"} {
		before := len(f.journal.stored())
		f.beacon(body, "Host", host, "Cookie", cookieVisitor+"=1.t.jar")
		if got := f.journal.stored()[before].Visitor; got != want {
			t.Errorf("an edge at %s, whose cookie says 1.t.jar, takes the page's beacon of 1.t.page for %s, want %s", host, got, want)
		}
	}
	f.beacon(body, "Cookie", cookieVisitor+"=a b\"c")
	if all := f.journal.stored(); all[len(all)-1].Visitor != "1.t.page" {
		t.Errorf("a cookie that is no id counts: %q", all[len(all)-1].Visitor)
	}
}
