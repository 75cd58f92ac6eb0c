package edge

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"matchkey/collector"
)

// TestOneBadPartCostsItself: a value that cannot be kept takes nothing with it,
// at whatever depth, and its note has the path.
func TestOneBadPartCostsItself(t *testing.T) {
	contact, large, long := ReasonContactData, collector.ReasonPropertiesLarge, collector.ReasonListLong
	items := make([]string, 101)
	for i := range items {
		items[i] = fmt.Sprintf(`{"id":"%d"}`, i)
	}
	for _, c := range []struct {
		name, in, kept string
		notes          []collector.Note
	}{
		{"a title", `{"contents":[{"id":"1","title":"for anna@example.com"},{"id":"2","title":"Shirt"}]}`,
			`{"contents":[{"id":"1"},{"id":"2","title":"Shirt"}]}`, []collector.Note{{Field: "p.contents[].title", Reason: contact}}},
		{"several titles", `{"contents":[{"id":"1","title":"anna@example.com"},{"id":"2","title":"+491713920042"}]}`,
			`{"contents":[{"id":"1"},{"id":"2"}]}`, []collector.Note{{Field: "p.contents[].title", Reason: contact}}},
		{"a slot", `{"app_data":{"extinfo":["i2","anna@example.com","1.0"],"vendor_id":"V"}}`,
			`{"app_data":{"extinfo":["i2","","1.0"],"vendor_id":"V"}}`, []collector.Note{{Field: "p.app_data.extinfo[]", Reason: contact}}},
		{"a referrer", `{"app_data":{"install_referrer":"utm=anna@example.com","vendor_id":"V"}}`,
			`{"app_data":{"vendor_id":"V"}}`, []collector.Note{{Field: "p.app_data.install_referrer", Reason: contact}}},
		{"a key", `{"a":{"anna@example.com":1,"b":2}}`, `{"a":{"b":2}}`, []collector.Note{{Field: "p.a", Reason: contact}}},
		{"an item too many", `{"contents":[` + strings.Join(items, ",") + `]}`,
			`{"contents":[` + strings.Join(items[:100], ",") + `]}`, []collector.Note{{Field: "p.contents[]", Reason: long}}},
		{"too deep", `{"a":{"b":{"c":{"d":{"e":{"f":{}}}}},"g":2}}`, `{"a":{"b":{"c":{"d":{"e":{}}}},"g":2}}`, []collector.Note{{Field: "p.a.b.c.d.e.f", Reason: large}}},
	} {
		var object map[string]any
		if err := json.Unmarshal([]byte(c.in), &object); err != nil {
			t.Fatal(err)
		}
		notes := keepValues(object, "p", 2)
		kept, _ := json.Marshal(object)
		if diff := cmp.Diff(c.notes, notes); diff != "" || string(kept) != c.kept {
			t.Errorf("%s: kept %s, notes:\n%s", c.name, kept, diff)
		}
	}
}

func TestNotesAreBounded(t *testing.T) {
	object := map[string]any{}
	for i := range 30 {
		inner := map[string]any{}
		for j := range 30 {
			inner[fmt.Sprintf("email_%c%c", 'a'+i%26, 'a'+j)+strings.Repeat("x", i/26)+".mail"] = "x"
		}
		object[fmt.Sprint("o", i)] = inner
	}
	if notes := keepValues(object, "p", 2); len(notes) != maxPropertyNotes+1 {
		t.Errorf("%d notes", len(notes))
	}
}
