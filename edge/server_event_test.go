package edge

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"matchkey/collector"
)

const order = `{"id":"A-1001","name":"purchase","at":"2026-11-23T10:00:00.1234567+01:00",
	"customer":{"id":"c42","email":"Anna@Example.com","phone":"030 123456","first_name":"Anna","country":"AT"},
	"visitor":"1.toybxa.mfa9c0ffee","url":"https://user:pass@shop.example/thanks?order=secret",
	"properties":{"value":59.9,"currency":"EUR","contents":[{"id":"sku","quantity":1,"item_price":59.9}]}}`

func TestServerEventIsKept(t *testing.T) {
	f := start(t, func(o *Options) { o.Geo = germany })
	r := f.call(`{"events":[`+order+`]}`, "Content-Type", "application/json; charset=utf-8", "User-Agent", "shop backend")
	if r.StatusCode != 202 || r.body != `{"accepted":1,"duplicates":0,"rejected":[]}` || r.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("got %d %s", r.StatusCode, r.body)
	}
	e := f.journal.stored()[0]
	at := time.Date(2026, 11, 23, 9, 0, 0, 123e6, time.UTC)
	contact := func(kind collector.Kind, value string) collector.Identifier {
		return collector.Identifier{Kind: kind, Value: hashOf(kind, value, "AT"), FirstAt: at, LastAt: at, Receipt: e.Receipt, Event: "purchase", How: "lower-cased, SHA-256 (AT)"}
	}
	want := collector.Event{
		ID: "purchase.A-1001", Site: "shop", Name: "purchase", Origin: collector.OriginServer, Receipt: e.Receipt,
		OccurredAt: at, ReceivedAt: noon, Visitor: visitor, Customer: "c42", URL: "https://shop.example/thanks",
		Identifiers: []collector.Identifier{
			contact(collector.KindEmail, "Anna@Example.com"), contact(collector.KindPhone, "030 123456"),
			contact(collector.KindFirstName, "Anna"), contact(collector.KindCountry, "AT"),
		},
		Properties: map[string]any{"value": 59.9, "currency": "EUR", "contents": []any{map[string]any{"id": "sku", "quantity": 1.0, "item_price": 59.9}}},
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(e.Receipt, "c_") {
		t.Errorf("the receipt: %q", e.Receipt)
	}
	if got := f.count("events_total", "site", "shop", "origin", "server"); got != 1 {
		t.Errorf("counted %v", got)
	}
	assertNoClearText(t, f)
}

// TestOneBadEventLosesOnlyItself sends each bad event between two good ones.
func TestOneBadEventLosesOnlyItself(t *testing.T) {
	who := `"customer":{"id":"c"}`
	for _, c := range []struct {
		bad   string
		code  collector.Reason
		where string
	}{
		{`{"id":"A","name":"b","nmae":"x",` + who + `}`, collector.ReasonUnknownField, "(nmae)"},
		{`{"id":"A","name":"b","customer":{"id":"c","emial":"anna@example.com"}}`, collector.ReasonUnknownField, "(customer.emial)"},
		{`{"id":"A","Name":"b",` + who + `}`, collector.ReasonUnknownField, "(Name)"},
		{`{"id":"A","id":"A","name":"b",` + who + `}`, collector.ReasonMalformedJSON, ""},
		{`{"id":"A","name":"b","properties":{"a":1,"a":2},` + who + `}`, collector.ReasonMalformedJSON, ""},
		{"{\"id\":\"\xff\",\"name\":\"b\"," + who + `}`, collector.ReasonInvalidUTF8, ""},
		{`7`, collector.ReasonMalformedJSON, ""},
		{`["id"]`, collector.ReasonMalformedJSON, ""},
		{`{"id":"A","name":"b","customer":"c42"}`, collector.ReasonMalformedJSON, "(customer)"},
		{`{"id":"A","name":"b","customer":{"phone":30123}}`, collector.ReasonMalformedJSON, "(customer.phone)"},
		{`{"id":"A",` + who + `}`, collector.ReasonEventName, ""},
		{`{"id":"A","name":"a b",` + who + `}`, collector.ReasonEventName, ""},
		{`{"id":"A","name":1,` + who + `}`, collector.ReasonEventName, ""},
		{`{"name":"b",` + who + `}`, collector.ReasonEventID, ""},
		{`{"id":1001,"name":"b",` + who + `}`, collector.ReasonEventID, ""},
		{`{"id":"A 1","name":"b",` + who + `}`, collector.ReasonEventID, ""},
		{`{"id":"` + strings.Repeat("x", 129) + `","name":"b",` + who + `}`, collector.ReasonEventID, ""},
		{`{"id":"anna@example.com","name":"lead",` + who + `}`, ReasonContactData, ""},
		{`{"id":"A","name":"b","at":"yesterday",` + who + `}`, collector.ReasonEventTime, ""},
		{`{"id":"A","name":"b","at":1795431646,` + who + `}`, collector.ReasonEventTime, ""},
		{`{"id":"A","name":"b","at":"2026-11-17T11:59:59Z",` + who + `}`, collector.ReasonEventTooOld, ""},
		{`{"id":"A","name":"b","at":"2026-11-24T12:01:01Z",` + who + `}`, collector.ReasonEventInFuture, ""},
		{`{"id":"A","name":"b","at":"9999-12-31T23:59:59Z",` + who + `}`, collector.ReasonEventInFuture, ""},
		{`{"id":"A","name":"b","at":"0001-01-01T00:00:00Z",` + who + `}`, collector.ReasonEventTooOld, ""},
		{`{"id":"A","name":"b","channel":"shop",` + who + `}`, collector.ReasonChannel, ""},
		{`{"id":"A","name":"b","channel":"Store",` + who + `}`, collector.ReasonChannel, ""},
		{`{"id":"A","name":"b","channel":7,` + who + `}`, collector.ReasonChannel, ""},
		{`{"id":"A","name":"b","at":"2026-09-23T11:59:59Z","channel":"store",` + who + `}`, collector.ReasonEventTooOld, ""},
		{`{"id":"A","name":"b","at":"2026-11-17T11:59:59Z","channel":"phone",` + who + `}`, collector.ReasonEventTooOld, ""},
		{`{"id":"A","name":"b","integrations":[],` + who + `}`, collector.ReasonIntegrations, ""},
		{`{"id":"A","name":"b","integrations":{"meta":{"x":"` + strings.Repeat("x", 9000) + `"}},` + who + `}`, collector.ReasonIntegrations, ""},
		{`{"id":"A","name":"b"}`, collector.ReasonNoSubject, ""},
		{`{"id":"A","name":"b","customer":{},"visitor":"not a visitor"}`, collector.ReasonNoSubject, ""},
		{`{"id":"A","name":"b","customer":{"email":"unusable"}}`, collector.ReasonNoSubject, ""},
		{`{"id":"A","name":"b","customer":{"id":"anna@example.com"}}`, ReasonContactData, ""},
		{`{"id":"A","name":"b","customer":{"id":"` + strings.Repeat("x", 129) + `"}}`, collector.ReasonFieldTooLong, ""},
		{`{"id":"A","name":"b","properties":[],` + who + `}`, collector.ReasonProperty, ""},
		{`{"id":"A","name":"b","properties":{"x":"` + strings.Repeat("x", 9000) + `"},` + who + `}`, collector.ReasonPropertiesLarge, ""},
		{`{"id":"A","name":"b","properties":{"x":[[[[[[1]]]]]]},` + who + `}`, collector.ReasonPropertiesLarge, ""},
	} {
		good := `{"id":"G%d","name":"b",` + who + `}`
		list := `{"events":[` + fmt.Sprintf(good, 1) + `,` + c.bad + `,` + fmt.Sprintf(good, 2) + `]}`
		lines := fmt.Sprintf(good, 1) + "\n" + c.bad + "\r\n" + fmt.Sprintf(good, 2)
		for contentType, body := range map[string]string{"application/json": list, "application/x-www-form-urlencoded": list, "application/x-ndjson": lines} {
			t.Run(c.bad[:min(len(c.bad), 60)]+contentType, func(t *testing.T) {
				f := start(t)
				r := f.call(body, "Content-Type", contentType)
				want := fmt.Sprintf(`{"accepted":2,"duplicates":0,"rejected":[{"index":1,"code":"%s","message":"%s`, c.code, allSentences()[c.code])
				if r.StatusCode != 202 || !strings.HasPrefix(r.body, want) || !strings.Contains(r.body, c.where) || r.reason() != c.code {
					t.Errorf("got %d %s, want %s", r.StatusCode, r.body, want)
				}
				if e := f.journal.stored(); len(e) != 2 || e[0].ID != "b.G1" || e[1].ID != "b.G2" || e[0].Receipt != e[1].Receipt {
					t.Errorf("stored: %v", e)
				}
				if told := f.refusals(); len(told) != 1 || told[0] != (Refusal{noon, "shop", c.code, 1}) {
					t.Errorf("the observer was told %v", told)
				}
				assertNoClearText(t, f)
			})
		}
	}
}

func TestServerEventDetails(t *testing.T) {
	for _, c := range []struct {
		name, event string
		want        func(collector.Event) bool
	}{
		{"without a time", `{"id":"A","name":"b","visitor":"1.a.b"}`, func(e collector.Event) bool { return e.OccurredAt.Equal(noon) && e.Visitor == "1.a.b" }},
		{"a minute ahead", `{"id":"A","name":"b","at":"2026-11-24T12:01:00Z","visitor":"1.a.b"}`, func(e collector.Event) bool { return e.OccurredAt.Equal(noon) }},
		{"a week ago", `{"id":"A","name":"b","at":"2026-11-17T12:00:00Z","visitor":"1.a.b"}`, func(e collector.Event) bool { return e.OccurredAt.Equal(noon.Add(-maxEventAge)) }},
		{"its id is the event's already", `{"id":"purchase.A-1","name":"purchase","visitor":"1.a.b"}`, func(e collector.Event) bool { return e.ID == "purchase.A-1" }},
		{"its id begins like its name", `{"id":"purchaseA-1","name":"purchase","visitor":"1.a.b"}`, func(e collector.Event) bool { return e.ID == "purchase.purchaseA-1" }},
		{"the site's country", `{"id":"A","name":"b","customer":{"phone":"030"}}`, func(e collector.Event) bool {
			return len(e.Identifiers) == 1 && e.Identifiers[0].Value == hashOf(collector.KindPhone, "030", "DE")
		}},
		{"one bad contact", `{"id":"A","name":"b","customer":{"id":"c","email":"unusable","phone":" "}}`, func(e collector.Event) bool {
			return len(e.Notes) == 1 && e.Notes[0] == collector.Note{Field: "customer.email", Reason: collector.ReasonNotNormalisable}
		}},
		{"a bad visitor beside a customer", `{"id":"A","name":"b","customer":{"id":"c"},"visitor":"a b"}`, func(e collector.Event) bool {
			return e.Visitor == "" && len(e.Notes) == 1 && e.Notes[0].Field == "visitor"
		}},
		{"a bad address", `{"id":"A","name":"b","customer":{"id":"c"},"url":"javascript:alert(1)"}`, func(e collector.Event) bool {
			return e.URL == "" && len(e.Notes) == 1 && e.Notes[0].Field == "url"
		}},
		{"a property with contact data", `{"id":"A","name":"b","customer":{"id":"c"},"properties":{"a":1,"gift":{"to":["x y@z.com"]}}}`, func(e collector.Event) bool {
			return len(e.Properties) == 2 && len(e.Notes) == 1 && e.Notes[0] == collector.Note{Field: "properties.gift.to[]", Reason: ReasonContactData}
		}},
		{"62 days ago in a store", `{"id":"A","name":"b","at":"2026-09-23T12:00:00Z","channel":"store","visitor":"1.a.b"}`, func(e collector.Event) bool {
			return e.Channel == collector.ChannelStore && e.OccurredAt.Equal(noon.Add(-62*24*time.Hour))
		}},
		{"what one kind of destination understands", `{"id":"A","name":"b","visitor":"v","integrations":{"meta":{"lead_id":"123456789012345","app":{"slots":["i2",""]}}}}`, func(e collector.Event) bool {
			return cmp.Equal(e.Integrations, map[string]map[string]any{"meta": {"lead_id": "123456789012345", "app": map[string]any{"slots": []any{"i2", ""}}}}) && e.Notes == nil
		}},
		{"contact data for one kind of destination", `{"id":"A","name":"b","visitor":"v","integrations":{"meta":{"a":1,"email":"x","deep":{"b":["x@y.example"]}}}}`, func(e collector.Event) bool {
			return cmp.Equal(e.Integrations, map[string]map[string]any{"meta": {"a": 1.0, "deep": map[string]any{"b": []any{""}}}}) && cmp.Equal(e.Notes, []collector.Note{
				{Field: "integrations.meta.deep.b[]", Reason: ReasonContactData}, {Field: "integrations.meta.email", Reason: ReasonContactData},
			})
		}},
		{"kinds of destination that are not there", `{"id":"A","name":"b","visitor":"v","integrations":{"All":true,"x y":{},"meta":7}}`, func(e collector.Event) bool {
			return e.Integrations == nil && cmp.Equal(e.Notes, []collector.Note{
				{Field: "integrations.All", Reason: collector.ReasonUnknownField}, {Field: "integrations.meta", Reason: collector.ReasonIntegrations},
				{Field: "integrations", Reason: collector.ReasonUnknownField},
			})
		}},
	} {
		f := start(t)
		r := f.call(`{"events":[` + c.event + `]}`)
		if r.StatusCode != 202 || len(f.journal.stored()) != 1 {
			t.Errorf("%s: %d %s", c.name, r.StatusCode, r.body)
			continue
		}
		e := f.journal.stored()[0]
		if !c.want(e) {
			t.Errorf("%s: %+v", c.name, e)
		}
		if e.Client != (collector.Client{}) || e.Session != "" || e.Signals != (collector.Signals{}) {
			t.Errorf("%s: the shop's own connection was kept: %+v", c.name, e)
		}
	}
}

func TestDuplicatesOfARequest(t *testing.T) {
	f := start(t)
	r := f.call(`{"events":[{"id":"A","name":"b","customer":{"id":"c"}},{"id":"A","name":"b","customer":{"phone":"030"}},{"id":"A","name":"other","customer":{"id":"c"}},{"id":"b.A","name":"b","visitor":"v"},{}]}`)
	if want := `{"accepted":2,"duplicates":2,"rejected":[{"index":4,"code":"event_name_invalid"`; !strings.HasPrefix(r.body, want) {
		t.Errorf("got %s", r.body)
	}
	// All are stored: each copy may know another identifier.
	if n := len(f.journal.stored()); n != 4 {
		t.Errorf("%d events were stored", n)
	}
}

func TestLinesAndEncodings(t *testing.T) {
	line := `{"id":"%d","name":"b","visitor":"1.a.b"}`
	ndjson := "\n" + fmt.Sprintf(line, 1) + "\n\n  \nnot json\n" + fmt.Sprintf(line, 2) + "\n"
	f := start(t)
	r := f.call(zipped(t, ndjson), "Content-Type", "application/x-ndjson", "Content-Encoding", "gzip")
	if want := `{"accepted":2,"duplicates":0,"rejected":[{"index":4,"code":"json_malformed"`; r.StatusCode != 202 || !strings.HasPrefix(r.body, want) {
		t.Errorf("got %d %s", r.StatusCode, r.body)
	}
	if r := f.call("a\nb\n", "Content-Type", "application/x-ndjson"); r.StatusCode != 400 || r.reason() != collector.ReasonMalformedJSON {
		t.Errorf("no line is JSON: %d %q", r.StatusCode, r.reason())
	}
	if r := f.call("\n\n", "Content-Type", "application/x-ndjson"); r.StatusCode != 400 || r.reason() != collector.ReasonNoEvents {
		t.Errorf("only blank lines: %d %q", r.StatusCode, r.reason())
	}
	if r := f.call(`{"events":[{},{}]}`); r.StatusCode != 202 || !strings.Contains(r.body, `"accepted":0`) {
		t.Errorf("JSON, but no good event: %d %s", r.StatusCode, r.body)
	}

	// 1,000 is allowed, 1,001 is not, and then nothing is stored.
	f = start(t)
	thousand := strings.Repeat(fmt.Sprintf(line, 7)+"\n", 1000)
	if r := f.call(thousand+line, "Content-Type", "application/x-ndjson"); r.StatusCode != 413 || r.reason() != collector.ReasonTooManyEvents || len(f.journal.stored()) != 0 {
		t.Errorf("1,001 lines: %d %q, %d stored", r.StatusCode, r.reason(), len(f.journal.stored()))
	}
	if r := f.call(thousand, "Content-Type", "application/x-ndjson"); r.StatusCode != 202 || len(f.journal.stored()) != 1000 {
		t.Errorf("1,000 lines: %d, %d stored", r.StatusCode, len(f.journal.stored()))
	}
}

func TestWriteKeys(t *testing.T) {
	f := start(t)
	for _, header := range []string{"Bearer " + writeKey, "bearer an-older-key", "  Bearer   " + writeKey + " "} {
		if r := f.do("POST", "/v1/shop/events", purchase, "Authorization", header); r.StatusCode != 202 {
			t.Errorf("%q: %d %q", header, r.StatusCode, r.reason())
		}
	}
	none := start(t, func(o *Options) { o.Sites[0].WriteKeys = nil })
	if r := none.call(purchase); r.StatusCode != 401 || r.reason() != collector.ReasonWrongKey {
		t.Errorf("a site without keys: %d %q", r.StatusCode, r.reason())
	}
}
