package edge

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"matchkey/collector"
)

// sent is the client's clock in test beacons; it is wrong by decades, which
// must not matter.
const sent = 1_000_000_000_000

// accepted is the answer of a beacon that may be kept.
const accepted = `{"a":"accept","t":999999990000,"n":"8d4a603bd59ebdc985ebf3852b9bb682cd0ca66905074e6baaf0f71882e93fe2","g":"de-AT","s":"banner","x":true,"k":["advertising"]}`

// full is a beacon with everything in it.
var full = fmt.Sprintf(`{"v":1,"t":%d,"b":"23c060e1","i":"%s","k":"toybxa6aof","p":"x7",
	"l":"https://shop.example/landing/a%%20b?fbclid=IwAR3secret&email=anna@example.com#x","r":"https://l.ads.example/r?u=secret",
	"m":{"_fbp":"%s","_fbc":"%s","other":"ignored"},
	"u":{"id":"c42","email":"Anna@Example.com","phone":"030 123456","first_name":"","postal_code":10115,"nickname":"ignored"},
	"c":%s,"g":false,"z":{"newer":["field"]},
	"e":[{"n":"page_view","i":"k3abc","t":%d,"p":{"title":"Hello","nothing":null}},
	     {"n":"purchase","i":"purchase.A-1001","t":%d,"p":{"value":59.9,"currency":"EUR","contents":[{"id":"sku","quantity":1}]}}]}`,
	sent, visitor, browser, click, accepted, sent-50_000, sent-20_000)

func germany(netip.Addr) collector.Geo {
	return collector.Geo{Country: "DE", Region: "BE", Source: "geoip"}
}

func TestBeaconIsKept(t *testing.T) {
	f := start(t, func(o *Options) { o.Geo = germany })
	r := f.beacon(full, "User-Agent", "Mozilla/5.0 "+strings.Repeat("ä", 300))
	if r.StatusCode != 204 || r.body != "" || r.reason() != "" {
		t.Fatalf("got %d %q %q", r.StatusCode, r.reason(), r.body)
	}
	events := f.journal.stored()
	if len(events) != 2 {
		t.Fatalf("%d events were stored", len(events))
	}
	answer := &collector.ConsentAnswer{
		Action: "accept", Categories: []string{"advertising"}, At: noon.Add(-10 * time.Second), ClaimedAt: time.UnixMilli(999999990000).UTC(),
		Notice:   "8d4a603bd59ebdc985ebf3852b9bb682cd0ca66905074e6baaf0f71882e93fe2",
		Language: "de-AT", Source: "banner", Explicit: true,
	}
	receipt := events[0].Receipt
	at := noon.Add(-20 * time.Second)
	seen := func(kind collector.Kind, value string, first time.Time, how string) collector.Identifier {
		last := at
		if first.IsZero() {
			first = at
		}
		if first.After(last) {
			last = first
		}
		return collector.Identifier{Kind: kind, Value: value, FirstAt: first, LastAt: last, Receipt: receipt, Event: "purchase", How: how}
	}
	how := "lower-cased, SHA-256 (DE)"
	want := collector.Event{
		ID: "purchase.A-1001", Site: "shop", Name: "purchase", Origin: collector.OriginBrowser, Receipt: receipt,
		OccurredAt: at, ReceivedAt: noon,
		Visitor: visitor, Customer: "c42", Session: "toybxa6aof", PageView: "x7",
		Client: collector.Client{
			IP: "192.0.2.7", UserAgent: "Mozilla/5.0 " + strings.Repeat("ä", 250),
			Geo: collector.Geo{Country: "DE", Region: "BE", Source: "geoip"},
		},
		URL: "https://shop.example/landing/a%20b", Referrer: "https://l.ads.example/r",
		Identifiers: []collector.Identifier{
			seen(collector.KindBrowser, browser, time.UnixMilli(1603122906825).UTC(), ""),
			seen(collector.KindClick, click, time.UnixMilli(1795431600000).UTC(), ""),
			seen(collector.KindEmail, hashOf(collector.KindEmail, "Anna@Example.com", "DE"), time.Time{}, how),
			seen(collector.KindPhone, hashOf(collector.KindPhone, "030 123456", "DE"), time.Time{}, how),
			seen(collector.KindPostalCode, hashOf(collector.KindPostalCode, "10115", "DE"), time.Time{}, how),
		},
		Properties: map[string]any{
			"value": 59.9, "currency": "EUR",
			"contents": []any{map[string]any{"id": "sku", "quantity": 1.0}},
		},
		Consent: answer,
	}
	if diff := cmp.Diff(want, events[1]); diff != "" {
		t.Errorf("the purchase (-want +got):\n%s", diff)
	}
	if e := events[0]; e.Name != "page_view" || e.ID != "k3abc" || !e.OccurredAt.Equal(noon.Add(-50*time.Second)) || e.Receipt != receipt ||
		!reflect.DeepEqual(e.Consent, answer) || e.Properties["title"] != "Hello" {
		t.Errorf("the page view: %+v", e)
	}
	if !strings.HasPrefix(receipt, "b_") || len(receipt) != 28 {
		t.Errorf("the receipt: %q", receipt)
	}
	if got := f.count("events_total", "site", "shop", "origin", "browser"); got != 2 {
		t.Errorf("counted %v events", got)
	}
	assertNoClearText(t, f)
}

// assertNoClearText looks for everything of full that may be nowhere: neither
// in the journal nor in the log nor in a metric.
func assertNoClearText(t *testing.T, f *fixture) {
	t.Helper()
	families, err := f.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for place, content := range map[string]string{
		"the journal": f.journal.asJSON(t),
		"the log":     f.log.String(),
		"the metrics": fmt.Sprint(families),
		"a refusal":   fmt.Sprint(f.refusals()),
	} {
		for _, secret := range []string{"nna@", "xample.com\"", "030 123456", "030123456", "secret", "fbclid=", "email=", writeKey} {
			if strings.Contains(content, secret) {
				t.Errorf("%s holds %q:\n%s", place, secret, content)
			}
		}
	}
	if log := f.log.String(); strings.Contains(log, visitor) || strings.Contains(log, "192.0.2.7") || strings.Contains(log, "=c42") {
		t.Errorf("the log names somebody:\n%s", log)
	}
}

func TestCookiesAreSetAgain(t *testing.T) {
	f := start(t)
	r := f.beacon(full)
	want := []string{
		"_fbp=" + browser + "; Max-Age=7776000; Path=/; Secure; SameSite=Lax",
		"_fbc=" + click + "; Max-Age=7776000; Path=/; Secure; SameSite=Lax",
		"_mkv=" + visitor + "; Max-Age=7776000; Path=/; Secure; SameSite=Lax",
	}
	if diff := cmp.Diff(want, r.Header["Set-Cookie"]); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}

	// A page without TLS cannot have Secure cookies.
	r = f.do("POST", "/mk/shop", full, "Origin", "http://localhost:8080")
	for _, c := range r.Header["Set-Cookie"] {
		if strings.Contains(c, "Secure") {
			t.Errorf("Secure on http: %s", c)
		}
	}

	// Nothing to set, nothing set.
	if r := f.beacon(good); len(r.Header["Set-Cookie"]) != 0 {
		t.Errorf("cookies of a beacon without any: %q", r.Header["Set-Cookie"])
	}
}

func TestCookieDomain(t *testing.T) {
	f := start(t, func(o *Options) { o.Sites[0].CookieDomain = ".Shop.example" })
	for host, want := range map[string]string{
		"shop.example":      "; Domain=shop.example",
		"www.shop.example":  "; Domain=shop.example",
		"Shop.Example:8443": "; Domain=shop.example",
		"other.example":     "",
		"notshop.example":   "",
		"[::1]":             "",
		"[::1]:8080":        "",
	} {
		r := f.beacon(full, "Host", host)
		want := "_mkv=" + visitor + "; Max-Age=7776000; Path=/" + want + "; Secure; SameSite=Lax"
		if !slices.Contains(r.Header["Set-Cookie"], want) {
			t.Errorf("host %s: %q, want %q", host, r.Header["Set-Cookie"], want)
		}
	}
}

// refusal is what the tag sends when the person says no, with more in it than
// the tag would ever send.
func refusal(action string, gpc bool) string {
	return fmt.Sprintf(`{"v":1,"t":%d,"i":"%s","k":"toybxa6aof","p":"x7","l":"https://shop.example/secret","r":"https://ads.example/",
		"m":{"_fbp":"%s","_fbc":"%s"},"u":{"id":"c42","email":"anna@example.com","phone":"030 123456"},
		"c":{"a":"%s","t":%d,"s":"banner","x":true},"g":%t,
		"e":[{"n":"page_view","i":"k1","t":%d},{"n":"consent","i":"k2","t":%d,"p":{"a":"secret"}},{"n":"purchase","i":"purchase.A-1","t":%d}]}`,
		sent, visitor, browser, click, action, sent-1000, gpc, sent-500, sent-400, sent-300)
}

func TestRefusalLeavesOnlyTheAnswer(t *testing.T) {
	for _, c := range []struct {
		action      string
		gpc         bool
		withVisitor bool
		expires     bool
		reason      collector.Reason
	}{
		{"reject", false, true, true, collector.ReasonConsentRefused},
		{"withdraw", false, true, true, collector.ReasonConsentRefused},
		{"something_new", false, true, true, collector.ReasonConsentRefused},
		{"accept", true, false, false, "gpc"},
	} {
		t.Run(c.action, func(t *testing.T) {
			f := start(t, func(o *Options) { o.Geo = germany; o.Sites[0].CookieDomain = "shop.example" })
			r := f.beacon(refusal(c.action, c.gpc), "Cookie", "_fbp="+browser+"; _mkv="+visitor)
			if r.StatusCode != 204 || r.reason() != c.reason {
				t.Fatalf("got %d %q", r.StatusCode, r.reason())
			}
			events := f.journal.stored()
			if len(events) != 1 {
				t.Fatalf("%d events were stored: %v", len(events), events)
			}
			given := noon // a refusal counts from when it came
			if c.action == collector.ConsentAccept {
				given = noon.Add(-time.Second)
			}
			want := collector.Event{
				ID: "k2", Site: "shop", Name: "consent", Origin: collector.OriginBrowser, Receipt: events[0].Receipt,
				OccurredAt: noon.Add(-400 * time.Millisecond), ReceivedAt: noon, Customer: "c42",
				Consent:  &collector.ConsentAnswer{Action: c.action, At: given, ClaimedAt: time.UnixMilli(sent - 1000).UTC(), Source: "banner", Explicit: true},
				Withheld: []collector.Reason{c.reason},
			}
			if c.withVisitor {
				want.Visitor = visitor
			}
			if diff := cmp.Diff(want, events[0]); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
			var expired []string
			if c.expires {
				for _, name := range []string{"_mkv", "_mks", "_fbp", "_fbc"} {
					expired = append(expired,
						name+"=; Max-Age=0; Path=/; Secure; SameSite=Lax",
						name+"=; Max-Age=0; Path=/; Domain=shop.example; Secure; SameSite=Lax")
				}
			}
			if diff := cmp.Diff(expired, r.Header["Set-Cookie"]); diff != "" {
				t.Errorf("cookies (-want +got):\n%s", diff)
			}
			if got := f.count("withheld_total", "site", "shop", "reason", string(c.reason)); got != 2 {
				t.Errorf("%v events were counted as withheld", got)
			}
			assertNoClearText(t, f)
		})
	}
}

func TestNoAnswerNothingStored(t *testing.T) {
	f := start(t)
	r := f.beacon(strings.Replace(full, `"c":`+accepted+`,`, "", 1))
	if r.StatusCode != 204 || r.reason() != collector.ReasonConsentAbsent || len(r.Header["Set-Cookie"]) != 0 {
		t.Errorf("got %d %q %q", r.StatusCode, r.reason(), r.Header["Set-Cookie"])
	}
	if n := len(f.journal.stored()); n != 0 {
		t.Errorf("%d events were stored", n)
	}
	if got := f.count("withheld_total", "site", "shop", "reason", "consent_absent"); got != 2 {
		t.Errorf("%v events were counted as withheld", got)
	}
}

func TestPrivacySignalOfTheRequest(t *testing.T) {
	f := start(t)
	if r := f.beacon(full, "Sec-GPC", "1"); r.StatusCode != 204 || r.reason() != "gpc" || len(f.journal.stored()) != 0 || len(r.Header["Set-Cookie"]) != 0 {
		t.Errorf("got %d %q %v", r.StatusCode, r.reason(), f.journal.stored())
	}
	// A signal that is no boolean is one all the same.
	if r := f.beacon(strings.Replace(full, `"g":false`, `"g":"1"`, 1)); r.reason() != "gpc" {
		t.Errorf("got %q", r.reason())
	}
	if r := f.beacon(full, "Sec-GPC", "0"); r.reason() != "" || len(f.journal.stored()) != 2 {
		t.Errorf("got %q", r.reason())
	}
}

func TestAnswerWithoutEvents(t *testing.T) {
	for _, c := range []struct {
		name, body string
		events     int
	}{
		{"a refusal alone", `{"v":1,"t":1000,"c":{"a":"reject","t":900,"s":"gpc"}}`, 1},
		{"a yes alone", `{"v":1,"t":1000,"i":"1.a.b","c":{"a":"accept","t":900,"s":"api"},"e":[]}`, 1},
		{"a refusal with another event", `{"v":1,"t":1000,"c":{"a":"reject","t":900,"s":"gpc"},"e":[{"n":"a","i":"b","t":1}]}`, 1},
		{"a refusal with a broken event", `{"v":1,"t":1000,"c":{"a":"reject","t":900,"s":"gpc"},"e":[{}]}`, 1},
		{"a yes against a signal, with another event", `{"v":1,"t":1000,"g":true,"c":{"a":"accept","t":900,"s":"api"},"e":[{"n":"a","i":"b","t":1}]}`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := start(t)
			if r := f.beacon(c.body); r.StatusCode != 204 {
				t.Fatalf("got %d %q", r.StatusCode, r.reason())
			}
			events := f.journal.stored()
			if len(events) != c.events {
				t.Fatalf("%d events were stored", len(events))
			}
			for _, e := range events {
				if e.Name != "consent" || e.Consent == nil || e.ID != e.Receipt || len(e.Notes) != 0 {
					t.Errorf("stored: %+v", e)
				}
			}
		})
	}
}

func TestBadPartsCostOnlyThemselves(t *testing.T) {
	malformed, tooLong := collector.ReasonMalformed, collector.ReasonFieldTooLong
	for _, c := range []struct {
		name, old, new string
		note           collector.Note
	}{
		{"clock", `"t":1000000000000,`, `"t":"now",`, collector.Note{Field: "t", Reason: malformed}},
		{"visitor", `"i":"1.toybxa`, `"i":"1 toybxa`, collector.Note{Field: "i", Reason: malformed}},
		{"visitor's generation", `"i":"1.toybxa`, `"i":"1~toybxa`, collector.Note{Field: "i", Reason: malformed}},
		{"session", `"k":"toybxa6aof"`, `"k":7`, collector.Note{Field: "k", Reason: malformed}},
		{"page view", `"p":"x7"`, `"p":"` + strings.Repeat("x", 65) + `"`, collector.Note{Field: "p", Reason: malformed}},
		{"address", `"l":"https://`, `"l":"ftp://`, collector.Note{Field: "l", Reason: malformed}},
		{"address with a person in it", `"l":"https://shop.example/landing`, `"l":"https://shop.example/u/anna%40example.com`, collector.Note{Field: "l", Reason: ReasonContactData}},
		{"endless address", `"l":"https://shop.example/landing`, `"l":"https://shop.example/` + strings.Repeat("x", 2000), collector.Note{Field: "l", Reason: tooLong}},
		{"referrer", `"r":"https://`, `"r":"android-app://`, collector.Note{Field: "r", Reason: malformed}},
		{"browser id", browser, "fb1", collector.Note{Field: "_fbp", Reason: malformed}},
		{"click of another type", `"_fbc":"` + click + `"`, `"_fbc":["x"]`, collector.Note{Field: "_fbc", Reason: malformed}},
		{"endless click", click, "fb.1.1." + strings.Repeat("x", 2000), collector.Note{Field: "_fbc", Reason: tooLong}},
		{"identifiers", `"m":{`, `"m":[],"m2":{`, collector.Note{Field: "m", Reason: malformed}},
		{"customer", `"id":"c42"`, `"id":"c\u000042"`, collector.Note{Field: "u.id", Reason: malformed}},
		{"customer of another type", `"id":"c42"`, `"id":["c42"]`, collector.Note{Field: "u.id", Reason: malformed}},
		{"endless customer", `"id":"c42"`, `"id":"` + strings.Repeat("ü", 129) + `"`, collector.Note{Field: "u.id", Reason: tooLong}},
		{"customer that is an address", `"id":"c42"`, `"id":"anna@example.com"`, collector.Note{Field: "u.id", Reason: ReasonContactData}},
		{"e-mail", `"email":"Anna@Example.com"`, `"email":"unusable"`, collector.Note{Field: "u.email", Reason: collector.ReasonNotNormalisable}},
		{"e-mail of another type", `"email":"Anna@Example.com"`, `"email":true`, collector.Note{Field: "u.email", Reason: malformed}},
		{"endless e-mail", `"email":"Anna@`, `"email":"` + strings.Repeat("Anna", 100) + `@`, collector.Note{Field: "u.email", Reason: tooLong}},
		{"notice", `"n":"8d4a`, `"n":"8d 4a`, collector.Note{Field: "c.n", Reason: malformed}},
		{"language", `"g":"de-AT"`, `"g":"de AT"`, collector.Note{Field: "c.g", Reason: malformed}},
		{"property with contact data", `"currency":"EUR"`, `"currency":"EUR","note":"call anna@example.com"`, collector.Note{Field: "properties.note", Reason: ReasonContactData}},
		{"property called phone", `"currency":"EUR"`, `"currency":"EUR","Phone-Number":"030 123456"`, collector.Note{Field: "properties.Phone-Number", Reason: ReasonContactData}},
		{"endless property", `"currency":"EUR"`, `"currency":"EUR","x":"` + strings.Repeat("x", 1025) + `"`, collector.Note{Field: "properties.x", Reason: tooLong}},
		{"deep property", `"currency":"EUR"`, `"currency":"EUR","x":[[[[[[1]]]]]]`, collector.Note{Field: "properties.x[][][][][]", Reason: collector.ReasonPropertiesLarge}},
		{"long list", `"currency":"EUR"`, `"currency":"EUR","x":[1` + strings.Repeat(",1", 100) + `]`, collector.Note{Field: "properties.x[]", Reason: collector.ReasonListLong}},
		{"too many properties", `"p":{"value"`, `"p":{"pad":"` + strings.Repeat("x", 9000) + `","value"`, collector.Note{Field: "properties", Reason: collector.ReasonPropertiesLarge}},
		{"properties of another type", `"p":{"value"`, `"p":"none","q":{"value"`, collector.Note{Field: "properties", Reason: collector.ReasonProperty}},
		{"number out of range", `"currency":"EUR"`, `"currency":1e999`, collector.Note{Field: "properties", Reason: collector.ReasonProperty}},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := strings.Replace(full, c.old, c.new, 1)
			if body == full {
				t.Fatal("the case changes nothing")
			}
			f := start(t)
			if r := f.beacon(body); r.StatusCode != 204 {
				t.Fatalf("got %d %q", r.StatusCode, r.reason())
			}
			events := f.journal.stored()
			if len(events) != 2 {
				t.Fatalf("%d events were stored", len(events))
			}
			if !slices.Contains(events[1].Notes, c.note) {
				t.Errorf("the purchase's notes: %v, want %v", events[1].Notes, c.note)
			}
			if len(events[1].Notes) != 1 {
				t.Errorf("more was lost: %v", events[1].Notes)
			}
			assertNoClearText(t, f)
		})
	}
}

func TestBadEventsCostOnlyThemselves(t *testing.T) {
	for _, bad := range []string{
		`7`, `null`, `[]`, `{}`, `{"n":"page view","i":"k"}`, `{"n":5,"i":"k"}`, `{"n":"a","i":""}`, `{"n":"a","i":"with blank"}`,
		`{"n":"a","i":"` + strings.Repeat("x", 129) + `"}`, `{"n":"a","i":"a.` + strings.Repeat("x", 129) + `"}`,
		`{"n":"lead","i":"lead.anna@example.com"}`, `{"n":"` + strings.Repeat("n", 65) + `","i":"k"}`,
	} {
		f := start(t)
		r := f.beacon(strings.Replace(full, `"e":[`, `"e":[`+bad+`,`, 1))
		if r.StatusCode != 204 || r.reason() == "" || len(f.journal.stored()) != 2 {
			t.Errorf("%s: got %d %q, %d events", bad, r.StatusCode, r.reason(), len(f.journal.stored()))
		}
		if told := f.refusals(); len(told) != 1 || told[0].Count != 1 || told[0].Reason != r.reason() {
			t.Errorf("%s: the observer was told %v", bad, told)
		}
		assertNoClearText(t, f)
	}
	for _, fine := range []string{
		`{"n":"a","i":"a.` + strings.Repeat("x", 128) + `"}`, `{"n":"` + strings.Repeat("n", 64) + `","i":"Ö-12/7#x"}`, `{"n":"\u0061:b.c-d_e","i":"\u006b"}`,
	} {
		f := start(t)
		if r := f.beacon(strings.Replace(full, `"e":[`, `"e":[`+fine+`,`, 1)); r.StatusCode != 204 || r.reason() != "" || len(f.journal.stored()) != 3 {
			t.Errorf("%s: got %d %q, %d events", fine, r.StatusCode, r.reason(), len(f.journal.stored()))
		}
	}
}

func TestEventTimes(t *testing.T) {
	day := int64(24 * time.Hour / time.Millisecond)
	for _, c := range []struct {
		name string
		t, e int64
		want time.Time
		why  collector.Reason
	}{
		{"the moment it was sent", sent, sent, noon, ""},
		{"a clock in 1970", 5000, 2000, noon.Add(-3 * time.Second), ""},
		{"a clock in 2099", 4090000000000, 4089999999000, noon.Add(-time.Second), ""},
		{"6 days parked", sent, sent - 6*day, noon.Add(-6 * 24 * time.Hour), ""},
		{"a week and more parked", sent, sent - 8*day, noon.Add(-7 * 24 * time.Hour), collector.ReasonTooOld},
		{"half a minute after it was sent", sent, sent + 30_000, noon, ""},
		{"two minutes after it was sent", sent, sent + 120_000, noon, collector.ReasonInFuture},
		{"no time of its own", sent, 0, noon, collector.ReasonMalformed},
		{"no clock", 0, sent, noon, collector.ReasonMalformed},
		{"ages ago", maxMillis, 1, noon.Add(-7 * 24 * time.Hour), collector.ReasonTooOld},
	} {
		b := &beacon{sentAt: c.t}
		if at, why := b.occurredAt(&beaconEvent{at: c.e}, noon); !at.Equal(c.want) || why != c.why {
			t.Errorf("%s: %v %q, want %v %q", c.name, at, why, c.want, c.why)
		}
	}
}

func TestIdentifiersFromCookies(t *testing.T) {
	const mine = `{"v":1,"t":1000,"i":"1.a.b","c":` + accepted + `,%s"e":[{"n":"a","i":"b","t":1000}]}`
	other := "fb.1.1603122906999.77"
	for _, c := range []struct {
		name, m, cookies string
		want             []string
		notes            []collector.Note
	}{
		{"only the cookie", ``, "_fbp=" + browser, []string{browser}, nil},
		{"the cookie is newer", `"m":{"_fbp":"` + other + `"},`, "_fbp=" + browser, []string{browser}, nil},
		{"the beacon alone is good", `"m":{"_fbp":"` + other + `"},`, "_fbp=bad", []string{other}, nil},
		{"the cookie stands in", `"m":{"_fbp":"bad"},`, "_fbp=" + browser, []string{browser}, []collector.Note{{Field: "_fbp", Reason: "malformed"}}},
		{"both are bad", `"m":{"_fbp":"bad"},`, "_fbp=worse", nil, []collector.Note{{Field: "_fbp", Reason: "malformed"}, {Field: "_fbp", Reason: "malformed"}}},
		{"bad alike", `"m":{"_fbp":"bad"},`, "_fbp=bad", nil, []collector.Note{{Field: "_fbp", Reason: "malformed"}}},
		{"no value", `"m":{"_fbp":null},`, "a=b", nil, nil},
		{"a cookie that is no UTF-8", ``, "_fbp=\xff\xfe", nil, []collector.Note{{Field: "_fbp", Reason: "malformed"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := start(t)
			if r := f.beacon(fmt.Sprintf(mine, c.m), "Cookie", c.cookies); r.StatusCode != 204 {
				t.Fatalf("got %d %q", r.StatusCode, r.reason())
			}
			e := f.journal.stored()[0]
			var got []string
			for _, id := range e.Identifiers {
				got = append(got, id.Value)
			}
			if !slices.Equal(got, c.want) || !slices.Equal(e.Notes, c.notes) {
				t.Errorf("identifiers %q, notes %v", got, e.Notes)
			}
			f.journal.asJSON(t)
		})
	}
}

func TestCountryOfContactData(t *testing.T) {
	for given, want := range map[string]string{`"at"`: "AT", `" US "`: "US", `"Austria"`: "Austria", `"?!"`: "DE", `7`: "DE", `null`: "DE"} {
		f := start(t)
		f.beacon(strings.Replace(full, `"id":"c42"`, `"id":"c42","country":`+given, 1))
		if got := find(t, f.journal.stored()[0], collector.KindPhone); got.Value != hashOf(collector.KindPhone, "030 123456", want) {
			t.Errorf("country %s: the phone was hashed by %q", given, got.How)
		}
	}
}

func TestRefererStandsInForOrigin(t *testing.T) {
	f := start(t)
	r := f.do("POST", "/mk/shop", good, "Referer", "HTTPS://Shop.example:443/cart?x=1")
	if r.StatusCode != 204 || r.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("got %d %v", r.StatusCode, r.Header)
	}
}

func TestReceiptsDiffer(t *testing.T) {
	f := start(t)
	seen := map[string]bool{}
	for range 100 {
		f.beacon(good)
	}
	for _, e := range f.journal.stored() {
		seen[e.Receipt] = true
	}
	if len(seen) != 100 {
		t.Errorf("%d receipts for 100 beacons", len(seen))
	}
	r := &randomness{r: strings.NewReader(strings.Repeat("x", 100))}
	early, _ := r.receipt(receiptBeacon, noon)
	late, _ := r.receipt(receiptBeacon, noon.Add(time.Millisecond))
	if early >= late {
		t.Errorf("receipts do not sort by time: %s %s", early, late)
	}
}
