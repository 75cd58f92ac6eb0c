package graphsim

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// sendPurchase and seePurchase deliver a server's and a browser's copy of the
// purchase at the clock's time.
func sendPurchase(t *testing.T, s *Sim, c *clock, id string) {
	t.Helper()
	w := serve(s, request(mutated(t, func(m mutable) {
		m.event["event_id"], m.event["event_time"] = id, c.at.Unix()
	})))
	if w.Code != 200 {
		t.Fatalf("the purchase was refused: %s", w.Body)
	}
}

func seePurchase(t *testing.T, s *Sim, id string) {
	t.Helper()
	q := url.Values{"id": {goodDataset}, "ev": {"Purchase"}, "eid": {id}, "cd[value]": {"59.9"}, "cd[currency]": {"EUR"}, "dl": {"https://shop.example/thank-you"}}
	w := serve(s, httptest.NewRequest("GET", "/tr?"+q.Encode(), nil))
	if w.Code != 200 || w.Header().Get("Content-Type") != "image/gif" {
		t.Fatalf("/tr answers %d %s", w.Code, w.Header().Get("Content-Type"))
	}
}

// Copies are written S (server) and B (browser); digits let that many days pass.
func TestCounted(t *testing.T) {
	for _, c := range []struct {
		copies string
		want   int
	}{
		{"S", 1},
		{"B", 1},
		{"SB", 1},
		{"BS", 1},
		{"SS", 2},    // Meta promises nothing for two servers
		{"BB", 2},    // nor for two browsers
		{"BSS", 2},   // a resend beside a browser copy may count, too
		{"SBS", 2},   // whatever the order
		{"SSB", 2},   //
		{"B2S", 1},   // 48 hours to the second
		{"B3S", 2},   // after 48 hours
		{"S3B", 2},   //
		{"S1B2S", 2}, // the window starts with the first copy, not the last
		{"B3SB", 2},  // and a new window starts with the copy that missed it
	} {
		s, clock := newSim(t)
		for _, step := range c.copies {
			switch {
			case step == 'S':
				sendPurchase(t, s, clock, "purchase.A-1")
			case step == 'B':
				seePurchase(t, s, "purchase.A-1")
			default:
				clock.at = clock.at.Add(time.Duration(step-'0') * 24 * time.Hour)
			}
		}
		got := s.Counted()
		if len(got) != 1 || got[0].Counted != c.want || s.Totals().Counted != c.want {
			t.Errorf("%s: counted %+v (total %d), want %d", c.copies, got, s.Totals().Counted, c.want)
		}
		if got[0].Server != strings.Count(c.copies, "S") || got[0].Browser != strings.Count(c.copies, "B") {
			t.Errorf("%s: copies %+v", c.copies, got)
		}
	}
}

func TestCopiesOfDifferentEventsDoNotCollapse(t *testing.T) {
	s, c := newSim(t)
	sendPurchase(t, s, c, "purchase.A-1")
	seePurchase(t, s, "purchase.A-2")
	serve(s, httptest.NewRequest("GET", "/tr?id="+goodDataset+"&ev=Lead&eid=purchase.A-1", nil))
	if got := s.Counted(); len(got) != 3 || s.Totals().Counted != 3 {
		t.Errorf("counted %+v, want three events", got)
	}
}

func TestCopiesWithoutIDNeverCollapse(t *testing.T) {
	s, _ := newSim(t)
	serve(s, request(mutated(t, func(m mutable) { delete(m.event, "event_id") })))
	serve(s, httptest.NewRequest("GET", "/tr?id="+goodDataset+"&ev=Purchase", nil))
	if got := s.Counted(); len(got) != 1 || got[0].Counted != 2 {
		t.Errorf("counted %+v, want 2", got)
	}
}

func TestPixelCopies(t *testing.T) {
	s, _ := newSim(t)
	q := "id=" + goodDataset + "&ev=Lead&eid=l1&cd%5Bvalue%5D=1&dl=https%3A%2F%2Fshop.example%2F&fbp=fb.1.1790000000000.7&ud%5Bem%5D=" + hashOf("a@b.de")
	serve(s, httptest.NewRequest("GET", "/tr/?"+q, nil))

	post := httptest.NewRequest("POST", "/tr/", strings.NewReader(strings.Replace(q, "l1", "l2", 1)))
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	serve(s, post)

	multi := httptest.NewRequest("POST", "/tr", strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n"+goodDataset+
		"\r\n--x\r\nContent-Disposition: form-data; name=\"ev\"\r\n\r\nLead\r\n--x--\r\n"))
	multi.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	serve(s, multi)

	// Passed over in silence: another dataset, no name, no dataset.
	for _, q := range []string{"id=9&ev=Lead", "id=" + goodDataset, "ev=Lead", "id=x&ev=Lead"} {
		if w := serve(s, httptest.NewRequest("GET", "/tr?"+q, nil)); w.Code != 200 || w.Body.Len() != len(gif) {
			t.Errorf("/tr?%s: %d, %d bytes; a page must learn nothing", q, w.Code, w.Body.Len())
		}
	}
	if w := serve(s, httptest.NewRequest("PUT", "/tr", nil)); w.Code != 405 {
		t.Errorf("PUT: %d, want 405", w.Code)
	}

	got := s.Received()
	if len(got) != 3 {
		t.Fatalf("%d browser copies, want 3: %+v", len(got), got)
	}
	e := got[0]
	if e.Source != Browser || e.EventID != "l1" || e.CustomData["value"] != "1" || e.UserData["fbp"][0] != "fb.1.1790000000000.7" ||
		e.UserData["em"][0] != hashOf("a@b.de") || e.EventSourceURL != "https://shop.example/" || e.Dataset != goodDataset {
		t.Errorf("wrong copy: %+v", e)
	}
	if got[1].EventID != "l2" || got[2].Diagnostics[0] != DiagNoEventID {
		t.Errorf("wrong copies: %+v", got[1:])
	}
	if p := s.PersonalData(); len(p) != 0 {
		t.Errorf("personal data %v, want none", p)
	}
}

func TestPixelPersonalData(t *testing.T) {
	s, _ := newSim(t)
	serve(s, httptest.NewRequest("GET", "/tr?id="+goodDataset+"&ev=Lead&ud[em]=a@b.de&cd[email]=x&dl=https://shop.example/%3Fe=a@b.de", nil))
	var got []string
	for _, f := range s.PersonalData() {
		got = append(got, string(f.Kind)+" "+f.Path)
	}
	if want := "key tr.custom_data.email, email tr.dl, unhashed tr.user_data.em"; strings.Join(got, ", ") != want {
		t.Errorf("found %q, want %q", got, want)
	}
}

// The oldest make room, and the totals go on.
func TestMemoryIsBounded(t *testing.T) {
	b := newBooks()
	const n = keepTallies + 7
	for i := range n {
		b.event(Received{Source: Server, At: noon, EventName: "Lead", EventID: fmt.Sprint(i)}, 100)
	}
	if got := b.events.list(); len(got) != keepEvents || got[0].EventID != fmt.Sprint(n-keepEvents) || b.events.forgotten != n-keepEvents {
		t.Errorf("%d events kept, %d forgotten", len(got), b.events.forgotten)
	}
	if counted, forgotten := b.tallies.sum(); counted != n || forgotten != 7 || len(b.tallies.list()) != keepTallies {
		t.Errorf("counted %d, forgotten %d; want %d and 7", counted, forgotten, n)
	}
	if b.totals.ServerEvents != n {
		t.Errorf("total %d, want %d", b.totals.ServerEvents, n)
	}

	small := kept[int]{max: 10, maxCost: 100}
	for i := range 5 {
		small.add(i, 40)
	}
	small.add(5, 1000) // larger than all the room there is: kept alone
	if got := small.list(); len(got) != 1 || got[0] != 5 || small.forgotten != 5 {
		t.Errorf("kept %v, forgotten %d; want only the newest", got, small.forgotten)
	}
}

func TestReset(t *testing.T) {
	s, c := newSim(t)
	if err := s.Script(Fault{Kind: FaultNone, Times: 2}); err != nil {
		t.Fatal(err)
	}
	sendPurchase(t, s, c, "purchase.A-1")
	s.Reset()
	if len(s.Received())+len(s.Requests())+len(s.Counted())+s.FaultsLeft() != 0 || s.Totals() != (Totals{}) {
		t.Error("something was left after Reset")
	}
	sendPurchase(t, s, c, "purchase.A-1")
	if r := s.Requests(); r[0].Number != 2 {
		t.Errorf("request numbers must go on after Reset, got %d", r[0].Number)
	}
}
