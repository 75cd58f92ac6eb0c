package console

// A small store and machinery to show pages of: plain slices, scanned. It
// exists so that this package's tests stand on the promises of
// collector.Reader and on nobody's engine.

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"matchkey/collector"
)

// now is the time of every test.
var now = time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)

type fake struct {
	mu           sync.Mutex
	events       []collector.EventRecord
	deliveries   []collector.Delivery
	accounts     []collector.Account
	records      []collector.ConsentRecord
	asides       []collector.SetAside
	links        map[collector.Subject][]collector.Subject
	destinations []collector.DestinationStatus
	redrives     []collector.DeliveryQuery
	resolved     []collector.DeliveryQuery
	asked        []collector.DeliveryQuery
	holders      map[string][]collector.Subject // by kind and hash
	erased       []collector.Subject
	keeps        collector.RetentionStatus
	broken       error // returned by every question when set
}

func (f *fake) Watermark(context.Context) (collector.Offset, error) { return 1842, f.broken }

func (f *fake) Event(_ context.Context, key collector.EventKey) (collector.EventRecord, bool, error) {
	for _, e := range f.events {
		if e.Event.Key() == key {
			return e, true, f.broken
		}
	}
	return collector.EventRecord{}, false, f.broken
}

func (f *fake) EventsByID(_ context.Context, site, id string) ([]collector.EventRecord, error) {
	var found []collector.EventRecord
	for _, e := range f.events {
		if (site == "" || e.Event.Site == site) && (e.Event.ID == id || e.Event.ID == e.Event.Name+"."+id) {
			found = append(found, e)
		}
	}
	return found, f.broken
}

func (f *fake) Owner(context.Context, string, string) (collector.Owner, error) {
	return collector.Owner{}, f.broken
}

func (f *fake) Profile(_ context.Context, s collector.Subject) (collector.Profile, error) {
	return collector.Profile{Subject: s}, f.broken
}

func (f *fake) Linked(_ context.Context, s collector.Subject) ([]collector.Subject, error) {
	return f.links[s], f.broken
}

func (f *fake) Records(_ context.Context, subjects ...collector.Subject) ([]collector.ConsentRecord, error) {
	var found []collector.ConsentRecord
	for _, r := range f.records {
		if slices.Contains(subjects, r.Subject) {
			found = append(found, r)
		}
	}
	return found, f.broken
}

func (f *fake) Delivery(_ context.Context, key collector.DeliveryKey) (collector.Delivery, bool, error) {
	for _, d := range f.deliveries {
		if d.Key == key {
			return d, true, f.broken
		}
	}
	return collector.Delivery{}, false, f.broken
}

func (f *fake) Deliveries(_ context.Context, q collector.DeliveryQuery) ([]collector.Delivery, error) {
	f.mu.Lock()
	f.asked = append(f.asked, q)
	f.mu.Unlock()
	var found []collector.Delivery
	for _, d := range f.deliveries {
		if q.Selects(&d) {
			found = append(found, d)
		}
	}
	slices.SortStableFunc(found, func(a, b collector.Delivery) int {
		return cmp.Or(b.MatchedAt.Compare(a.MatchedAt), cmp.Compare(a.Key.String(), b.Key.String()))
	})
	if q.Max > 0 {
		found = first(found, q.Max)
	}
	return found, f.broken
}

func (f *fake) Accounts(_ context.Context, from, to time.Time) ([]collector.Account, error) {
	var found []collector.Account
	for _, a := range f.accounts {
		if !a.Hour.Before(from) && a.Hour.Before(to) {
			found = append(found, a)
		}
	}
	return found, f.broken
}

func (f *fake) SetAsides(_ context.Context, max int) ([]collector.SetAside, error) {
	return first(f.asides, max), f.broken
}

func (f *fake) Record(ctx context.Context, s collector.Subject) (collector.PersonRecord, error) {
	rec := collector.PersonRecord{Version: collector.PersonRecordVersion, Subjects: append([]collector.Subject{s}, f.links[s]...)}
	for _, e := range f.events {
		if e.Event.Customer == s.ID || e.Event.Visitor == s.ID {
			rec.Events = append(rec.Events, e)
		}
	}
	for _, d := range f.deliveries {
		if d.Person == s {
			rec.Deliveries = append(rec.Deliveries, d)
		}
	}
	return rec, f.broken
}

func (f *fake) Holders(_ context.Context, _ string, kind collector.Kind, hash string) ([]collector.Subject, error) {
	return f.holders[string(kind)+hash], f.broken
}

func (f *fake) Suppressed(context.Context, collector.Event) (time.Time, error) {
	return time.Time{}, f.broken
}

func (f *fake) Retention(context.Context) (collector.RetentionStatus, error) {
	return f.keeps, f.broken
}

func (f *fake) Receipt(_ context.Context, id string) (collector.Receipt, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return collector.Receipt{ID: id, At: now, BytesGoneAt: now}, id == "er_1" && len(f.erased) > 0, f.broken
}

func (f *fake) Erase(_ context.Context, s collector.Subject) (collector.Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.erased = append(f.erased, s)
	return collector.Receipt{ID: "er_1", Site: s.Site, At: now, Events: 2, SentTo: map[string]int{"main-shop": 1}}, f.broken
}

func (f *fake) Redrive(_ context.Context, q collector.DeliveryQuery) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.redrives = append(f.redrives, q)
	n := 0
	for i := range f.deliveries {
		if d := &f.deliveries[i]; q.Selects(d) && (q.Max == 0 || n < q.Max) {
			if err := d.Move(collector.StatePending, now, collector.ReasonRedriven); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, f.broken
}

func (f *fake) Resolve(_ context.Context, q collector.DeliveryQuery, to collector.State) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.resolved = append(f.resolved, q)
	n := 0
	for i := range f.deliveries {
		if d := &f.deliveries[i]; d.State == collector.StateInDoubt && q.Selects(d) && (q.Max == 0 || n < q.Max) {
			if err := d.Move(to, now, collector.ReasonResolved); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, f.broken
}

func (f *fake) Pause(_ context.Context, name, note string) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.destinations {
		if d := &f.destinations[i]; d.Name == name {
			d.Paused, d.PausedBy, d.Detail, d.PausedAt = collector.ReasonPaused, collector.PausedByPerson, note, now
			return true, f.broken
		}
	}
	return false, f.broken
}

func (f *fake) Resume(_ context.Context, name string) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.destinations {
		if d := &f.destinations[i]; d.Name == name {
			stopped := d.Paused != "" || !d.Breaker.OpenSince.IsZero()
			d.Paused, d.PausedBy, d.Detail, d.PausedAt = "", "", "", time.Time{}
			if !d.Breaker.OpenSince.IsZero() {
				d.Breaker.NextTry = now
			}
			return stopped, f.broken
		}
	}
	return false, f.broken
}

func (f *fake) Backup(_ context.Context, name string) (collector.Backup, error) {
	if !collector.BackupName(name) {
		return collector.Backup{}, fmt.Errorf("%w: this is no name", collector.ErrRefused)
	}
	return collector.Backup{Path: "/data/backups/" + name, Offset: 1842}, f.broken
}

func (f *fake) Destinations() []collector.DestinationStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.destinations)
}

// sentences are collector's own and a few of other packages.
func sentences() map[collector.Reason]string {
	all := collector.Sentences()
	all["consent_granted"] = "The person agreed."
	all["consent_denied"] = "The person said no."
	all["regime_opt_in"] = "Where the person is, consent is needed first."
	all["contact_data_stripped"] = "The person did not agree to matching by contact data."
	all["token_invalid"] = "The destination does not accept the access token; replace it, then resume."
	all["token_ends"] = "The access token is about to end; without a new one nothing is sent any more."
	all["version_ends"] = "The interface's version is about to end; set a newer one."
	all["version_ended"] = "The destination answered with another version of its interface than the one that was asked for; set a newer one."
	all["unreachable"] = "The destination could not be reached; nothing was sent."
	all["twin_window_passed"] = "48 hours after the first attempt another copy would be counted again."
	all["event_refused"] = "The destination refused this event for good."
	return all
}

func siteInfo() []SiteInfo {
	return []SiteInfo{{
		Name: "shop",
		Snippet: "<script>window.matchkey=window.matchkey||function(){(matchkey.q=matchkey.q||[]).push(arguments)}</script>\n" +
			`<script async src="https://shop.example/mk/shop.js"></script>`,
		ScriptURL: "https://shop.example/mk/shop.js",
		SRI:       "sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC",
		Sizes:     "7.9 KiB, 3.1 KiB as brotli",
		Scenarios: []ScenarioInfo{
			{Name: "order paid", On: "purchase", When: "event.properties.value > 0", Category: "advertising", Send: "Purchase", To: []string{"main-shop"}, Wait: 5 * time.Minute},
			{Name: "cart", On: "cart_update", Category: "advertising", Send: "AddToCart", To: []string{"main-shop", "agency"}},
		},
	}}
}

// options are those of a console over a fake, as main would set them.
func (f *fake) options() Options {
	return Options{
		Reader: f, Operations: f, Sentences: sentences(), Sites: siteInfo(),
		Now: func() time.Time { return now }, Version: "1.0.0-test", Log: slog.New(slog.DiscardHandler),
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "up 1") }),
		Refusals: func() []Refusal {
			return []Refusal{
				{At: now.Add(-90 * time.Second), Site: "shop", Reason: collector.ReasonWrongOrigin, Count: 14},
				{At: now.Add(-3 * time.Hour), Site: "shop", Reason: collector.ReasonMalformedJSON, Count: 1},
				{At: now.Add(-5 * time.Hour), Reason: collector.ReasonUnknownSite, Count: 3},
			}
		},
	}
}

func (f *fake) console(t testing.TB) http.Handler {
	t.Helper()
	h, err := New(f.options())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

var (
	mail  = "c9…41 (SHA-256)"
	trace = "AbCdEf0123456789"
)

// fields is the lineage of a purchase: a server call joined with a visit.
func fields(occurred time.Time) []collector.Field {
	visit := occurred.Add(-22 * time.Minute)
	beacon := func(path string, kind collector.Kind, shown, how string) collector.Field {
		return collector.Field{Path: path, Kind: kind, Shown: shown, Receipt: "b_4fz0k", Event: "page_view",
			From: "beacon b_4fz0k · page_view", At: visit, How: how}
	}
	call := func(path string, kind collector.Kind, shown, how string) collector.Field {
		return collector.Field{Path: path, Kind: kind, Shown: shown, Receipt: "c_91ab2", Event: "purchase",
			From: "call c_91ab2 · purchase", At: occurred, How: how}
	}
	return []collector.Field{
		call("name", "", "Purchase", ""),
		call("id", "", "purchase.A-1001", ""),
		call("person.email", collector.KindEmail, mail, "trimmed, lower-cased, SHA-256"),
		call("person.phone", collector.KindPhone, "7d…0e (SHA-256)", "digits with country prefix, SHA-256"),
		call("person.id", collector.KindCustomer, "e0…b2 (SHA-256)", "SHA-256"),
		beacon("person.click", collector.KindClick, "ad.1.1795429…8Eq2TfgGr6s", "byte for byte, with its first-seen time"),
		beacon("person.browser", collector.KindBrowser, "ad.1.1603122906825.…2381", ""),
		beacon("person.ip", collector.KindIP, "203.0.113.…", "of the last visit before the conversion"),
		beacon("person.user_agent", collector.KindUserAgent, "Mozilla/5.0 (X11; …", "of the last visit before the conversion"),
		beacon("page.url", collector.KindURL, "https://shop.example/thanks", "query removed"),
		call("custom.value", "", "59.9", ""),
		call("custom.currency", "", "EUR", ""),
		{Path: "person.gender", Kind: collector.KindGender, Dropped: collector.ReasonNeverSeen},
		{Path: "person.city", Kind: collector.KindCity, From: "call c_91ab2 · purchase", At: occurred, Dropped: collector.ReasonNotNormalisable},
	}
}

// shop is a store with a bit of everything.
func shop() *fake {
	occurred := now.Add(-40 * time.Minute)
	customer, visitor := collector.Customer("shop", "c42-jane"), collector.Visitor("shop", "1.toybxa.mfa9x2")
	granted := collector.Decision{
		Outcome: collector.SendFull, Regime: "opt_in", Policy: "2026-11-23.1",
		Reasons: []collector.Reason{"regime_opt_in", "consent_granted"}, Records: []string{"cr_1", "cr_gone"},
	}
	f := &fake{
		links: map[collector.Subject][]collector.Subject{customer: {visitor}},
		records: []collector.ConsentRecord{{
			ID: "cr_1", Subject: visitor, Purpose: "ads_measurement", Action: collector.ConsentAccept,
			At: occurred.Add(-20 * time.Minute), Until: occurred.AddDate(0, 12, 0), Explicit: true,
			Notice: strings.Repeat("9f86d081", 8), Language: "en", Source: "banner", Receipt: "b_4fz0k",
		}},
		destinations: []collector.DestinationStatus{
			{Name: "main-shop"},
			{Name: "agency", Paused: "token_invalid", PausedBy: collector.PausedByDestination, Detail: "Error validating access token: Session has expired", PausedAt: now.Add(-3 * time.Hour)},
		},
		asides: []collector.SetAside{{
			Offset: 1711, At: now.Add(-26 * time.Hour), Reason: collector.ReasonInternal, Detail: "properties of a version this one does not know",
			Event: collector.EventKey{Site: "shop", Name: "purchase", ID: "purchase.A-0977"},
		}},
	}
	f.events = append(f.events,
		collector.EventRecord{
			Event: collector.Event{
				ID: "purchase.A-1001", Site: "shop", Name: "purchase", Origin: collector.OriginServer, Receipt: "c_91ab2",
				OccurredAt: occurred, ReceivedAt: occurred.Add(2 * time.Second), Customer: "c42-jane", Visitor: "1.toybxa.mfa9x2",
				URL: "https://shop.example/thanks", Client: collector.Client{IP: "203.0.113.77", UserAgent: "Mozilla/5.0 (secret)", Geo: collector.Geo{Country: "DE", Region: "BY", Source: "geoip"}},
				Identifiers: []collector.Identifier{{Kind: collector.KindEmail, Value: strings.Repeat("c9", 32)}, {Kind: collector.KindPhone, Value: strings.Repeat("7d", 32)}},
				Properties:  map[string]any{"value": 59.9, "currency": "EUR", "note": "for Jane Doe"},
				Notes:       []collector.Note{{Field: "customer.city", Reason: collector.ReasonNotNormalisable}},
			},
			Offset: 1840,
			Copies: []collector.Copy{{Origin: collector.OriginBrowser, Receipt: "b_77qp1", ReceivedAt: occurred.Add(4 * time.Second), Offset: 1841}},
		},
		collector.EventRecord{
			Event: collector.Event{
				ID: "purchase.A-1002", Site: "shop", Name: "purchase", Origin: collector.OriginServer, Receipt: "c_91ab3",
				OccurredAt: occurred, ReceivedAt: occurred, Customer: "c43-john", Visitor: "1.refuser", URL: "https://shop.example/thanks/john",
				Properties: map[string]any{"secret_name": "John"}, Withheld: []collector.Reason{collector.ReasonConsentRefused},
			},
			Offset: 1842,
		},
		collector.EventRecord{
			Event:  collector.Event{ID: "k3aa", Site: "shop", Name: "page_view", Origin: collector.OriginBrowser, Receipt: "b_4fz0k", OccurredAt: occurred, ReceivedAt: occurred, URL: "https://shop.example/"},
			Offset: 1800,
		},
	)
	base := collector.Delivery{
		Key:      collector.DeliveryKey{Site: "shop", Destination: "main-shop", Send: "Purchase", EventID: "purchase.A-1001"},
		Scenario: "order paid", EventName: "purchase", OccurredAt: occurred, MatchedAt: occurred.Add(2 * time.Second),
		Person: customer, Purposes: []string{"ads_measurement"}, State: collector.StateDelivered, MovedAt: occurred.Add(5 * time.Minute),
		ExpiresAt: occurred.AddDate(0, 0, 7), ExpiresWhy: collector.ReasonWindowPassed, Decision: granted, Tries: 2,
		Payload: collector.Payload{Body: []byte(`{"secret":"body"}`), Fields: fields(occurred)},
		Attempts: []collector.Attempt{
			{At: occurred.Add(4 * time.Minute), EndedAt: occurred.Add(4*time.Minute + 80*time.Millisecond), Verdict: collector.Verdict{Ruling: collector.Retry, Status: 503, Code: 2, Trace: "Zz9", After: 30 * time.Second, Detail: "Service temporarily unavailable", Usage: collector.Usage{Percent: 41, Said: "calls 41 %, time 7 %, cpu 2 %"}}},
			{At: occurred.Add(5 * time.Minute), EndedAt: occurred.Add(5*time.Minute + 182*time.Millisecond), Verdict: collector.Verdict{Ruling: collector.Accepted, Status: 200, Trace: trace}},
		},
	}
	refused := base
	refused.Key.EventID, refused.State, refused.Reasons = "purchase.A-1002", collector.StateWithheld, []collector.Reason{"consent_denied"}
	refused.Decision = collector.Decision{Outcome: collector.Drop, Regime: "opt_in", Reasons: []collector.Reason{"regime_opt_in", "consent_denied"}, Records: []string{"cr_9"}}
	refused.Attempts, refused.Tries = nil, 0 // the fields stay, so that a test can see them hidden
	f.deliveries = []collector.Delivery{base, refused}

	states := []struct {
		state  collector.State
		reason collector.Reason
		detail string
	}{
		{collector.StateDead, "event_refused", "Invalid parameter: value must be a number"},
		{collector.StateInDoubt, collector.ReasonNoAnswer, ""},
		{collector.StateWaiting, collector.ReasonWaiting, ""},
		{collector.StateExpired, collector.ReasonWindowPassed, ""},
		{collector.StateDead, "event_refused", "Invalid parameter: value must be a number"},
		{collector.StatePending, "", ""},
	}
	for i, s := range states {
		d := base
		d.Key.EventID = fmt.Sprintf("purchase.A-09%02d", i)
		d.State, d.Reasons, d.Detail = s.state, nil, s.detail
		if s.reason != "" {
			d.Reasons = []collector.Reason{s.reason}
		}
		d.MatchedAt = base.MatchedAt.Add(-time.Duration(i+1) * 17 * time.Minute)
		d.Attempts = nil
		switch s.state {
		case collector.StateWaiting, collector.StatePending:
			d.DueAt = now.Add(3 * time.Minute)
		case collector.StateInDoubt:
			d.ExpiresWhy, d.ExpiresAt = "twin_window_passed", d.MatchedAt.Add(48*time.Hour)
			d.Doubts, d.Attempts = 1, []collector.Attempt{{At: d.MatchedAt, EndedAt: d.MatchedAt.Add(10 * time.Second), Verdict: collector.Verdict{Ruling: collector.InDoubt, Reason: s.reason}}}
		case collector.StateDead:
			d.Attempts = []collector.Attempt{{At: d.MatchedAt, EndedAt: d.MatchedAt.Add(time.Second), Verdict: collector.Verdict{Ruling: collector.Rejected, Status: 400, Code: 100, Subcode: 2804009, Trace: "Yx1", Reason: s.reason, Detail: s.detail}}}
		}
		f.deliveries = append(f.deliveries, d)
	}
	f.accounts = accounts()
	return f
}

// troubled is a shop whose destinations stand in every way there is.
func troubled() *fake {
	f := shop()
	day := 24 * time.Hour
	good := collector.Check{At: now.Add(-2 * time.Hour), Verdict: collector.Verdict{Ruling: collector.Accepted}, Deadlines: []collector.Deadline{
		{Reason: "token_ends", Detail: "The access token ends on 2026-12-03. Make a new one in time.", WarnFrom: now.Add(-5 * day), At: now.Add(9 * day)},
		{Reason: "version_ends", Detail: "Version 26 ends on 2027-06-12. Set a newer one.", WarnFrom: now.Add(100 * day), At: now.Add(200 * day)},
	}}
	f.destinations = []collector.DestinationStatus{
		{
			Name: "main-shop", InFlight: 3, Check: good,
			Usage:  collector.Usage{Percent: 82, RegainSeconds: 300, Said: "calls 82 %, time 12 %, cpu 3 %"},
			Alarms: []collector.Alarm{{Reason: "token_ends", Detail: good.Deadlines[0].Detail, At: good.Deadlines[0].At}},
		},
		{
			Name: "agency", Paused: "token_invalid", PausedBy: collector.PausedByDestination, PausedAt: now.Add(-3 * time.Hour),
			Detail: "Error validating access token: Session has expired",
			Check:  collector.Check{At: now.Add(-20 * time.Second), Verdict: collector.Verdict{Ruling: collector.Blocked, Reason: "token_invalid", Status: 401, Code: 190, Detail: "Error validating access token: Session has expired"}},
		},
		{Name: "by-hand", Paused: collector.ReasonPaused, PausedBy: collector.PausedByPerson, Detail: "until the new data set is set up, ticket 4711", PausedAt: now.Add(-26 * time.Hour)},
		{
			Name: "far-away", InFlight: 1, Check: collector.Check{At: now.Add(-time.Minute), Verdict: collector.Verdict{Ruling: collector.Retry, Reason: "unreachable", Detail: "no route to host"}},
			Breaker: collector.Breaker{OpenSince: now.Add(-47 * time.Minute), NextTry: now.Add(31 * time.Second), Failures: 58, Reason: "unreachable", Detail: "no route to host"},
		},
		{
			Name: "busy", ThrottledUntil: now.Add(4 * time.Minute), Usage: collector.Usage{Percent: 100, RegainSeconds: 240, Said: "calls 100 %, time 12 %, cpu 3 %"},
			Alarms: []collector.Alarm{{Reason: "version_ended", Detail: "You are calling a deprecated version", At: now.Add(-time.Minute)}},
		},
	}
	held := f.deliveries[len(f.deliveries)-1] // it is pending
	held.Key.Destination, held.Key.EventID = "far-away", "purchase.A-0906"
	crashed := f.deliveries[3] // it is in doubt
	crashed.Key.Destination, crashed.Key.EventID = "far-away", "purchase.A-0907"
	crashed.Reasons, crashed.DueAt = []collector.Reason{collector.ReasonCrashed}, now.Add(time.Minute)
	crashed.Attempts = []collector.Attempt{{At: now.Add(-time.Hour), EndedAt: now.Add(-time.Minute), Verdict: collector.Verdict{Ruling: collector.InDoubt, Reason: collector.ReasonCrashed}}}
	out := held
	out.Key.EventID, out.State, out.DueAt = "purchase.A-0908", collector.StateLeased, time.Time{}
	out.Attempts = []collector.Attempt{{At: now.Add(-time.Second)}}
	f.deliveries = append(f.deliveries, held, crashed, out)
	return f
}

// accounts are three days of counters that add up.
func accounts() []collector.Account {
	var all []collector.Account
	for h := range 72 {
		hour := now.Truncate(time.Hour).Add(-time.Duration(h) * time.Hour)
		a := collector.Account{
			Hour: hour, Site: "shop", Destination: "main-shop", Send: "Purchase", Matched: 52,
			States:  map[collector.State]int{collector.StateDelivered: 40, collector.StateWithheld: 9, collector.StateDead: 1, collector.StateExpired: 1, collector.StateWaiting: 1},
			Reasons: map[collector.Reason]int{"consent_denied": 7, "consent_pending": 2, "event_refused": 1, collector.ReasonWindowPassed: 1},
			Sent: map[string]int{
				"person.email": 33, "person.phone": 21, "person.id": 40, "person.click": 12, "person.browser": 31,
				"person.ip": 36, "person.user_agent": 36, "page.url": 40, "custom.value": 40, "name": 40,
			},
			Missing: map[string]map[collector.Reason]int{
				"person.email":      {collector.ReasonNeverSeen: 3, "contact_data_stripped": 4},
				"person.phone":      {collector.ReasonNeverSeen: 12, collector.ReasonNotNormalisable: 3, "contact_data_stripped": 4},
				"person.click":      {collector.ReasonNeverSeen: 22, collector.ReasonTooOld: 5, collector.ReasonAfterConversion: 1},
				"person.browser":    {collector.ReasonNeverSeen: 9},
				"person.ip":         {collector.ReasonNeverSeen: 3, collector.ReasonPrivateAddress: 1},
				"person.user_agent": {collector.ReasonNeverSeen: 4},
				"person.gender":     {collector.ReasonNeverSeen: 38},
			},
		}
		if h == 3 {
			a.States[collector.StateInDoubt], a.Matched, a.Doubts = 1, 53, 2
			a.Reasons[collector.ReasonNoAnswer] = 1
		}
		all = append(all, a)
	}
	return append(all, collector.Account{
		Hour: now.Truncate(time.Hour), Site: "shop", Destination: "agency", Send: "AddToCart", Matched: 31,
		States: map[collector.State]int{collector.StatePending: 31},
	})
}
