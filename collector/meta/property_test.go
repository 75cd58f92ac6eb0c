package meta

// Generated compositions, good and broken in every part, before the types and
// the simulator: whatever we are given, what is sent is strict, and what the
// simulator would refuse never leaves.

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"matchkey/collector"
	"matchkey/collector/meta/graphsim"
)

// oddTexts are what sites send where a text is expected.
var oddTexts = []string{
	"", " ", "x", "null", "undefined", "test", "\xff", "\u200b", "mary@example.com", "a%40b.example", "+49 171 3920042",
	"EUR", "usd", "BGN", "59.90", "1e3", "-1", "product", "home_delivery", "in_store", strings.Repeat("x", 1001),
	hash("mary@example.com"), hash(""), strings.Repeat("AB", 32), "123456789012345", "whatsapp", "messenger", "instagram", "i2", "a2",
	"38400000-8CF0-11BD-B23E-10B96E40000D", clickID, "new_customer_to_medium", "emoji 😀", "Ünïcode", "<b>", "\u0000",
	"fb.1.1603122906825.1012802381", "fb.1.1795506300437." + clickID, "fb.1.1795506300." + clickID, "fb.1.nonsense",
}

// values are JSON values, and what a scenario's mapping can make of them.
func values(depth int) *rapid.Generator[any] {
	leaf := rapid.OneOf(
		rapid.Map(rapid.SampledFrom(oddTexts), func(s string) any { return s }),
		rapid.Map(rapid.Float64(), func(f float64) any { return f }),
		rapid.Map(rapid.SampledFrom([]float64{0, 1, -1, 1.5, 1e21, 123456789012345, 9912345678901234, math.Inf(1), math.NaN()}), func(f float64) any { return f }),
		rapid.SampledFrom([]any{nil, true, false, 7, json.Number("1.5"), []string{"a", ""}, []map[string]any{{"id": "a"}}}),
	)
	if depth == 0 {
		return leaf
	}
	return rapid.OneOf(leaf,
		rapid.Map(rapid.SliceOfN(values(depth-1), 0, 4), func(l []any) any { return l }),
		rapid.Map(rapid.MapOfN(rapid.SampledFrom(innerKeys), values(depth-1), 0, 5), func(m map[string]any) any { return m }),
	)
}

var (
	innerKeys = []string{"id", "quantity", "item_price", "price", "title", "delivery_category", "email", "x", "mary@example.com",
		"store_code", "store_page_id", "event_time", "event_id", "order_id", "advertiser_tracking_enabled", "extinfo", "vendor_id", "url_schemes"}
	outerKeys = []string{"value", "currency", "contents", "content_ids", "content_type", "num_items", "order_id", "status", "delivery_category",
		"store_data", "customer_segmentation", "num_adults", "trim", "destination_ids", "hotel_score", "price", "event_id", "email", "coupon",
		"first_name", "my list", "ключ", "", "mary@example.com", "search_string", "predicted_ltv", "headphones"}
)

func compositions() *rapid.Generator[collector.Composition] {
	channels := append(collector.Channels(), "", "pigeon")
	var ownKeys []string
	for key := range plainIDs {
		ownKeys = append(ownKeys, key)
	}
	for key := range hashedParts {
		ownKeys = append(ownKeys, key)
	}
	slices.Sort(ownKeys) // so that a seed says what it said
	ownKeys = append(ownKeys, "app_data", "extinfo", "messaging_channel", "original_event_data", "opt_out", "customer_segmentation", "em", "value", "mary@example.com")
	kinds := append(collector.ContactKinds(), collector.KindClick, collector.KindBrowser, collector.KindCustomer, "zodiac")
	strips := append(kinds, collector.KindIP, collector.KindUserAgent, collector.KindURL, collector.KindAccount, collector.KindDevice)
	ids := rapid.Custom(func(t *rapid.T) collector.Identifier {
		value := rapid.SampledFrom(append(oddTexts, clickAt(occurred.Add(-time.Hour), clickID), clickAt(occurred.Add(59*time.Second), "ahead"), clickAt(now.Add(-90*24*time.Hour), "old"))).Draw(t, "value")
		at := occurred.Add(time.Duration(rapid.IntRange(-100, 100).Draw(t, "hours")) * time.Hour)
		return collector.Identifier{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Value: value, FirstAt: at, LastAt: at, Receipt: "b_1"}
	})
	addresses := []string{"", "203.0.113.57", "10.0.0.1", "192.0.0.8", "2001:db8::1", "fe80::1%eth0", "nonsense"}
	pages := []string{"", "https://shop.example/a?b=c", "https://shop.example/mary%40example.com", "javascript:1", "\xff", "https://bücher.example/ä b"}
	return rapid.Custom(func(t *rapid.T) collector.Composition {
		c := completeComposition()
		pick := func(label string, from []string) string { return rapid.SampledFrom(from).Draw(t, label) }
		if rapid.Bool().Draw(t, "from the start") {
			all := compositionsBySource()
			c = all[pick("source", []string{"website", "app", "physical_store", "phone_call", "messaging_whatsapp", "messaging_page", "messaging_instagram", "other"})]
		} else {
			c.Event.Channel = rapid.SampledFrom(channels).Draw(t, "channel")
		}
		if rapid.Bool().Draw(t, "name") {
			c.Delivery.Send = pick("send", []string{"Purchase", "Lead", "ViewContent", "", "My own", "x\ny", strings.Repeat("n", 65)})
		}
		if rapid.IntRange(0, 9).Draw(t, "id") == 0 {
			c.Event.ID = ""
		}
		if rapid.Bool().Draw(t, "age") {
			c.Event.OccurredAt = now.Add(-time.Duration(rapid.Int64Range(-int64(2*time.Minute), int64(63*24*time.Hour)).Draw(t, "ago")))
		}
		if rapid.Bool().Draw(t, "page") {
			c.Event.URL, c.Event.Referrer = pick("url", pages), pick("referrer", pages)
		}
		if rapid.Bool().Draw(t, "client") {
			c.Event.Client = collector.Client{IP: pick("ip", addresses), UserAgent: pick("agent", []string{"", " ", agent, hash(agent), "\xff"})}
		}
		if rapid.Bool().Draw(t, "person") {
			c.Event.Identifiers = rapid.SliceOfN(ids, 0, 6).Draw(t, "identifiers")
			c.Event.Customer = pick("customer", []string{"", "C42", " ", "null", "İ-1"})
			c.Profile = collector.Profile{Identifiers: rapid.SliceOfN(ids, 0, 6).Draw(t, "known")}
		}
		if rapid.Bool().Draw(t, "properties") {
			c.Properties = rapid.MapOfN(rapid.SampledFrom(outerKeys), values(3), 0, 8).Draw(t, "values")
		}
		own := rapid.MapOfN(rapid.SampledFrom(ownKeys), values(3), 0, 4).Draw(t, "own")
		merged := map[string]any{}
		for k, v := range c.Event.Integrations[Kind] {
			merged[k] = v
		}
		for k, v := range own {
			merged[k] = v
		}
		c.Event.Integrations = map[string]map[string]any{Kind: merged, "another": {"x": 1}}
		c.Decision.Strip = rapid.SliceOfN(rapid.SampledFrom(strips), 0, 4).Draw(t, "strip")
		c.Decision.AttributionOnly = rapid.Bool().Draw(t, "attribution only")
		if rapid.Bool().Draw(t, "limited") {
			c.Decision.LimitedUse = &collector.LimitedUse{Applies: rapid.Bool().Draw(t, "applies"),
				Country: rapid.IntRange(0, 1).Draw(t, "country"), State: rapid.SampledFrom([]int{0, 1000, 1013}).Draw(t, "state")}
		}
		return c
	})
}

// manyChecks has the rare ones of all compositions tried, too, where CI is set
// and nobody said how many.
func manyChecks(t *testing.T) {
	checks := flag.Lookup("rapid.checks")
	before := checks.Value.String()
	if os.Getenv("CI") == "" || before != checks.DefValue {
		return
	}
	t.Cleanup(func() { _ = checks.Value.Set(before) })
	if err := checks.Value.Set("5000"); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsSentIsStrict(t *testing.T) {
	sim := graphsim.New(graphsim.Options{Dataset: "1234567890", Token: testToken, Now: func() time.Time { return now }})
	all := compositions()
	sent, refused := 0, 0
	manyChecks(t)
	rapid.Check(t, func(t *rapid.T) {
		c := all.Draw(t, "composition")
		payload, refusal := Compose(c)
		for _, f := range payload.Fields {
			if f.Path == "" || (f.Shown == "") != (f.Dropped != "") {
				t.Fatalf("lineage says neither what is sent nor why not: %+v", f)
			}
			if f.Dropped != "" && Sentences()[f.Dropped] == "" && collector.Sentences()[f.Dropped] == "" && !stripsFor(c, f.Dropped) {
				t.Fatalf("%s has no sentence", f.Dropped)
			}
		}
		if refusal != nil {
			refused++
			if payload.Body != nil || refusal.Detail == "" || refusal.Path == "" {
				t.Fatalf("refused: %+v, body %s", refusal, payload.Body)
			}
			return
		}
		sent++
		var e ServerEvent
		if err := jsonv2.Unmarshal(payload.Body, &e, jsonv2.RejectUnknownMembers(true)); err != nil {
			t.Fatalf("%v in %s", err, payload.Body)
		}
		var whole any
		if err := json.Unmarshal(payload.Body, &whole); err != nil {
			t.Fatal(err)
		}
		noEmptiness(t, whole)
		again, _ := Compose(c)
		if !bytes.Equal(again.Body, payload.Body) {
			t.Fatal("two payloads of one composition differ")
		}
		r := httptest.NewRequest(http.MethodPost, "/v26.0/1234567890/events", strings.NewReader(head+string(payload.Body)+"]}"))
		r.Header.Set("Authorization", "Bearer "+testToken)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		sim.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Fatalf("the simulator says %d %s of %s", w.Code, w.Body, payload.Body)
		}
		if p := sim.PersonalData(); len(p) > 0 {
			t.Fatalf("personal data in the clear: %+v in %s", p, payload.Body)
		}
	})
	t.Logf("%d sent, %d refused", sent, refused)
	if sent == 0 || refused == 0 {
		t.Error("the generator makes one sort of composition only")
	}
}

// stripsFor reports whether a reason is one of the decision's own.
func stripsFor(c collector.Composition, why collector.Reason) bool {
	for _, r := range c.Decision.Reasons {
		if r == why {
			return true
		}
	}
	return false
}
