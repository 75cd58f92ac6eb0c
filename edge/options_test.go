package edge

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"matchkey/collector"
)

func TestOptionsAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Options)
		says   string
	}{
		"no journal":         {func(o *Options) { o.Journal = nil }, "no journal"},
		"name":               {func(o *Options) { o.Sites[0].Name = "a/b" }, `site "a/b": a site's name`},
		"prefix":             {func(o *Options) { o.Sites[0].Prefix = "mk" }, `the prefix "mk"`},
		"prefix of the API":  {func(o *Options) { o.Sites[0].Prefix = "/v1/x" }, `the prefix "/v1/x"`},
		"origin with a path": {func(o *Options) { o.Sites[0].Origins = []string{"https://a.example/shop"} }, `the origin "https://a.example/shop"`},
		"origin bare":        {func(o *Options) { o.Sites[0].Origins = []string{"a.example"} }, `the origin "a.example"`},
		"origin wildcard":    {func(o *Options) { o.Sites[0].Origins = []string{"*"} }, `the origin "*"`},
		"empty key":          {func(o *Options) { o.Sites[0].WriteKeys = []string{""} }, "empty write key"},
		"cookie domain":      {func(o *Options) { o.Sites[0].CookieDomain = "a; Secure" }, "cookie domain"},
		"hash":               {func(o *Options) { o.Sites[0].Script.Hash = "../x" }, "the tag's hash"},
		"identifier":         {func(o *Options) { o.Sites[0].Identifiers[0].Parse = nil }, `the identifier "browser"`},
		"no hasher":          {func(o *Options) { o.Sites[0].Hash = nil }, "no hash for contact data"},
		"no rule":            {func(o *Options) { o.Sites[0].MayKeep = nil }, "no rule of consent"},
		"two of a name":      {func(o *Options) { o.Sites = append(o.Sites, o.Sites[0]) }, "/mk/shop is taken"},
		"two of a name, apart": {func(o *Options) {
			second := testSite()
			second.Prefix = "/other"
			o.Sites = append(o.Sites, second)
		}, "/v1/shop/events is taken"},
	} {
		o := Options{Sites: []Site{testSite()}, Journal: &memoryJournal{}}
		c.change(&o)
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}

	// All faults at once.
	o := Options{Sites: []Site{{Name: "a b"}, {Name: "b", Prefix: "x"}}}
	_, err := New(o)
	for _, says := range []string{"no journal", `"a b"`, `"x"`, "no rule of consent"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("the error does not say %q: %v", says, err)
		}
	}
	reg := prometheus.NewRegistry()
	for i, want := range []bool{true, false} {
		if _, err := New(Options{Sites: []Site{testSite()}, Journal: &memoryJournal{}, Metrics: reg}); (err == nil) != want {
			t.Errorf("edge %d on one registry: %v", i+1, err)
		}
	}
}

func TestOriginsAsPeopleWriteThem(t *testing.T) {
	s := testSite()
	s.Origins = []string{"HTTPS://Shop.Example/", "https://b.example:443", "http://c.example:80", "http://localhost:8080"}
	st, err := s.prepare()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []string{"https://shop.example", "https://b.example", "http://c.example", "http://localhost:8080"} {
		if st.origins[o] != o {
			t.Errorf("%s is missing in %v", o, st.origins)
		}
	}
}

func TestWriteKeysAreNotKept(t *testing.T) {
	s, err := New(Options{Sites: []Site{testSite()}, Journal: &memoryJournal{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.routes {
		if r.site != nil && strings.Contains(fmt.Sprintf("%+v", *r.site), writeKey) {
			t.Error("the write key is in memory")
		}
	}
}

func TestOptionsMayBeLeftOut(t *testing.T) {
	f := start(t, func(o *Options) {
		o.Log, o.Metrics, o.OnRefused, o.Now, o.Random, o.Geo = nil, nil, nil, nil, nil, nil
	})
	if r := f.beacon(full); r.StatusCode != 204 {
		t.Errorf("got %d %q", r.StatusCode, r.reason())
	}
	if r := f.beacon("x"); r.StatusCode != 400 {
		t.Errorf("got %d", r.StatusCode)
	}
	if e := f.journal.stored(); len(e) != 2 || e[0].Client.Geo != (collector.Geo{}) || e[0].ReceivedAt.Nanosecond()%1e6 != 0 {
		t.Errorf("stored: %v", e)
	}
}

func TestRandomNumbersStayInRange(t *testing.T) {
	r := &randomness{r: bytes.NewReader([]byte{0, 1, 2, 3, 4, 5, 255})}
	for _, want := range []int{1, 2, 3, 4, 5, 1, 1, 5} { // the last: nothing left
		if got := r.between(1, 5); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
}
