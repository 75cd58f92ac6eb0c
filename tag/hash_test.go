package tag_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"matchkey/build"
	"matchkey/collector"
	"matchkey/collector/meta"
	"matchkey/tag/browsertest"
)

// testHashing: what the page hashes, the edge would have hashed alike, by the
// vectors that the edge's own hasher is tested with. The page may leave a value
// out that the edge could read, never the other way round.
func testHashing(t *testing.T, b *browsertest.Browser) {
	const vectors = "/work/shared/vectors/normalize.json"
	text, err := os.ReadFile(vectors)
	if err != nil {
		t.Skipf("the vectors lie beside the checkout only: %v", err)
	}
	var file struct {
		Cases []struct{ Key, Value, Tier string } `json:"cases"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]collector.Kind{"em": collector.KindEmail, "ph": collector.KindPhone, "fn": collector.KindFirstName, "ln": collector.KindLastName}
	features := with(build.Hashing)
	s, p := newShop(t, build.TagOptions{Features: features, CallingCode: "1"}), b.Page(t)
	p.Goto(s.URL)
	p.Eval(accept, nil)
	s.wait(t, "page_view")

	type want struct {
		kind   collector.Kind
		value  string
		hashes []string
	}
	var wants []want
	var calls []map[string]string
	for _, c := range file.Cases {
		kind, ok := kinds[c.Key]
		// Values that the page never sees: of several lines, or hashes already.
		if !ok || c.Tier != "A" && len(wants) >= 120 || strings.ContainsAny(c.Value, "\n\r:;") || len(c.Value) > 200 || strings.TrimSpace(c.Value) == "" || len(c.Value) == 64 {
			continue
		}
		value := c.Value
		if kind == collector.KindPhone && !strings.HasPrefix(value, "+") {
			continue // without a country, which is the site's to know
		}
		hashes, _, _ := meta.Hasher()(kind, value, "US")
		wants = append(wants, want{kind, value, hashes})
		calls = append(calls, map[string]string{string(kind): value})
	}
	encoded, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	p.Eval(fmt.Sprintf(`void %s.forEach((contact, i) => setTimeout(() => matchkey('identify', 'c' + i, contact), i * 5))`, encoded), nil)
	got := s.waitN(t, "identify", len(wants))
	seen := map[string]map[string]string{}
	for _, beacon := range got {
		seen[beacon.U["id"]] = beacon.U
	}
	agreed := 0
	for i, w := range wants {
		hash := seen[fmt.Sprintf("c%d", i)][string(w.kind)]
		switch {
		case hash == "":
		case len(hash) != 64:
			t.Errorf("%s %q left the page as %q", w.kind, w.value, hash)
		case slices.Contains(w.hashes, hash):
			agreed++
		default:
			t.Errorf("%s %q: the page has %s, the edge %q", w.kind, w.value, hash, w.hashes)
		}
	}
	if agreed < len(wants)/2 {
		t.Errorf("page and edge agree on %d of %d", agreed, len(wants))
	}
	t.Logf("page and edge agree on %d of %d values, the rest the page leaves out", agreed, len(wants))
}
