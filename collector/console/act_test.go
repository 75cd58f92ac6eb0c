package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"matchkey/collector"
)

func TestSinceAndUntilSelect(t *testing.T) {
	f := shop()
	h := f.console(t)
	matched := url.QueryEscape(f.deliveries[0].MatchedAt.Format(time.RFC3339Nano))
	for query, want := range map[string]int{
		"":                                  6, // all but the two that are dead
		"since=2026-11-24":                  6,
		"since=2026-11-25":                  0,
		"until=2026-11-24":                  0,
		"until=2026-11-25":                  6,
		"since=" + matched:                  2, // from it on
		"until=" + matched:                  4, // before it
		"since=2026-11-24T09:50:02%2B01:00": 2,
	} {
		var answer struct {
			Deliveries []struct{ State collector.State }
		}
		if err := json.Unmarshal(get(t, h, "/api/deliveries?"+query).Body.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, d := range answer.Deliveries {
			if d.State != collector.StateDead {
				n++
			}
		}
		if n != want {
			t.Errorf("%q selects %d deliveries, want %d", query, n, want)
		}
	}
	// Paging stays within the bound, whichever ends earlier.
	for query, want := range map[string]string{
		"until=2026-11-24&before=2026-11-23T10:00:00Z": "2026-11-23T10:00:00Z",
		"until=2026-11-22&before=2026-11-23T10:00:00Z": "2026-11-22T00:00:00Z",
	} {
		q, _ := url.ParseQuery(query)
		flt, err := parseFilter(q)
		if got := flt.query(1).MatchedBefore.Format(time.RFC3339); err != nil || got != want {
			t.Errorf("%s asks before %s, %v; want %s", query, got, err, want)
		}
	}
}

func TestTheFormKeepsTheTimes(t *testing.T) {
	body := get(t, shop().console(t), "/deliveries?since=2026-11-24&until=2026-11-24T12:30:00Z").Body.String()
	for _, want := range []string{`name="since" type="date" maxlength="40" value="2026-11-24"`, `name="until" type="text" maxlength="40" value="2026-11-24T12:30:00Z"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the form lacks %s", want)
		}
	}
	wantText(t, body, "matched from 2026-11-24 00:00:00, matched before 2026-11-24 12:30:00")
}

func TestRedriveByTime(t *testing.T) {
	f := shop()
	wantText(t, post(t, f.console(t), "/api/redrive", url.Values{"since": {"2026-11-24"}, "until": {"2026-11-24T08:00:00Z"}}).Body.String(),
		`"dead": 1`, `"put_back": 1`)
	if q := f.redrives[0]; q.MatchedFrom.IsZero() || q.MatchedBefore.Hour() != 8 {
		t.Errorf("the act selected %+v", q)
	}
}

func TestResolveCountsFirstAndThenActs(t *testing.T) {
	for as, want := range map[string]collector.State{
		"delivered": collector.StateDelivered, "dead": collector.StateDead, "resend": collector.StatePending,
	} {
		f := troubled()
		h := f.console(t)
		list := get(t, h, "/deliveries?destination=main-shop").Body.String()
		if link := `href="/resolve?destination=main-shop&amp;state=in_doubt"`; !strings.Contains(list, link) {
			t.Fatalf("the list lacks %s", link)
		}
		body := get(t, h, "/resolve?destination=main-shop&state=in_doubt").Body.String()
		wantText(t, body, "1 delivery is in doubt", "1 The request was sent and no answer came", "to main-shop",
			"It arrived It counts as delivered", "It did not, and shall not go", "may count it twice")
		if len(f.resolved) != 0 {
			t.Fatal("looking at the count resolved")
		}
		form := formValues(t, body, "/resolve")
		form.Set("as", as)
		wantText(t, post(t, h, "/resolve", form).Body.String(), "1 delivery was resolved")
		if q := f.resolved[0]; !slices.Equal(q.States, []collector.State{collector.StateInDoubt}) || q.Destination != "main-shop" || q.Max != maxAct {
			t.Errorf("the act selected %+v", q)
		}
		if got := f.deliveries[3].State; got != want {
			t.Errorf("as %s it is %s, want %s", as, got, want)
		}
		wantText(t, post(t, h, "/resolve", form).Body.String(), "0 deliveries were resolved", "None of them was in doubt any more")
		wantText(t, get(t, h, "/resolve?destination=main-shop").Body.String(), "There is nothing to resolve")
	}
}

func TestResolveOfAllSaysSo(t *testing.T) {
	f := troubled()
	h := f.console(t)
	body := get(t, h, "/resolve").Body.String()
	wantText(t, body, "2 deliveries are in doubt", "They arrived", "say what became of all 2")
	form := formValues(t, body, "/resolve")
	form.Set("as", "dead")
	wantText(t, post(t, h, "/resolve", form).Body.String(), "2 deliveries were resolved")
}

func TestResolveByScript(t *testing.T) {
	f := troubled()
	h := f.console(t)
	wantText(t, get(t, h, "/api/resolve?destination=far-away").Body.String(), `"in_doubt": 1`, `"resolved": 0`)
	wantText(t, get(t, h, "/api/resolve").Body.String(), `"in_doubt": 2`)
	for name, test := range map[string]struct {
		form url.Values
		says string
	}{
		"no selection":         {url.Values{"as": {"dead"}}, "say all=true"},
		"a state only":         {url.Values{"as": {"dead"}, "state": {"in_doubt"}}, "say all=true"},
		"all, but not true":    {url.Values{"as": {"dead"}, "all": {"1"}}, "say all=true"},
		"a misspelt parameter": {url.Values{"as": {"dead"}, "all": {"true"}, "destnation": {"main-shop"}}, `no parameter \"destnation\"`},
		"no answer":            {url.Values{"destination": {"main-shop"}}, "as=delivered"},
		"an unknown answer":    {url.Values{"destination": {"main-shop"}, "as": {"withheld"}}, "as=delivered"},
		"too long":             {url.Values{"reason": {strings.Repeat("x", maxForm)}}, "could not be read"},
	} {
		w := post(t, h, "/api/resolve", test.form)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), test.says) || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: %d %s; want 400 that says %q", name, w.Code, w.Body, test.says)
		}
		if w := post(t, h, "/resolve", test.form); w.Code != http.StatusBadRequest || !strings.Contains(text(t, w.Body.String()), "othing was resolved") {
			t.Errorf("%s: the page answers %d", name, w.Code)
		}
	}
	if len(f.resolved) != 0 {
		t.Fatalf("a refused request resolved %+v", f.resolved)
	}
	wantText(t, post(t, h, "/api/resolve", url.Values{"destination": {"far-away"}, "as": {"resend"}}).Body.String(), `"in_doubt": 1`, `"resolved": 1`)
	wantText(t, post(t, h, "/api/resolve", url.Values{"all": {"true"}, "as": {"delivered"}}).Body.String(), `"in_doubt": 1`, `"resolved": 1`)
}

func TestPauseAndResumeByScript(t *testing.T) {
	f := shop()
	h := f.console(t)
	wantText(t, post(t, h, "/api/pause", url.Values{"destination": {"main-shop"}, "note": {"  until Monday, grün "}}).Body.String(), `"paused": true`)
	if d := f.destinations[0]; d.Detail != "until Monday, grün" {
		t.Errorf("the note is %q", d.Detail)
	}
	wantText(t, post(t, h, "/api/resume", url.Values{"destination": {"main-shop"}}).Body.String(), `"resumed": true`)
	wantText(t, post(t, h, "/api/resume", url.Values{"destination": {"main-shop"}}).Body.String(), `"resumed": false`)
	wantText(t, post(t, h, "/api/pause", url.Values{"destination": {"main-shop"}}).Body.String(), `"paused": true`)
	f.broken = errors.New("secret path")
	for _, path := range []string{"/api/pause", "/api/resume", "/pause", "/resume"} {
		f.destinations[0].Paused = collector.ReasonPaused
		w := post(t, h, path, url.Values{"destination": {"main-shop"}})
		if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "secret path") {
			t.Errorf("%s that fails gives %d: %s", path, w.Code, w.Body)
		}
	}
}

func TestPauseIsRefused(t *testing.T) {
	f := shop()
	h := f.console(t)
	for name, test := range map[string]struct {
		form   url.Values
		status int
		says   string
	}{
		"no such destination": {url.Values{"destination": {"nobody"}}, http.StatusNotFound, "No destination of this name"},
		"no name":             {url.Values{}, http.StatusNotFound, "No destination of this name"},
		"long note":           {url.Values{"destination": {"main-shop"}, "note": {strings.Repeat("ü", maxNote+1)}}, http.StatusBadRequest, "longer than 200 characters"},
		"two lines":           {url.Values{"destination": {"main-shop"}, "note": {"a\nb"}}, http.StatusBadRequest, "cannot be seen"},
		"turned around":       {url.Values{"destination": {"main-shop"}, "note": {"a\u202eb"}}, http.StatusBadRequest, "cannot be seen"},
		"not UTF-8":           {url.Values{"destination": {"main-shop"}, "note": {"\xff"}}, http.StatusBadRequest, "cannot be seen"},
		"too large":           {url.Values{"destination": {"main-shop"}, "note": {strings.Repeat("x", maxForm)}}, http.StatusBadRequest, "could not be read"},
	} {
		for _, path := range []string{"/api/pause", "/pause"} {
			if w := post(t, h, path, test.form); w.Code != test.status || !strings.Contains(w.Body.String(), test.says) {
				t.Errorf("%s at %s: %d %s; want %d that says %q", name, path, w.Code, w.Body, test.status, test.says)
			}
		}
	}
	if f.destinations[0].Paused != "" {
		t.Error("a refused pause paused")
	}
	if w := post(t, h, "/api/resume", url.Values{"destination": {"nobody"}}); w.Code != http.StatusNotFound {
		t.Errorf("resuming nobody gives %d", w.Code)
	}
	post(t, h, "/api/pause", url.Values{"destination": {"main-shop"}, "note": {strings.Repeat("ü", maxNote)}})
	if f.destinations[0].Paused == "" {
		t.Error("a note of the greatest length was refused")
	}
}

func TestNotesStayText(t *testing.T) {
	const bad = `<script>alert(1)</script>"><img src=x onerror=alert(1)>`
	f := shop()
	h := f.console(t)
	post(t, h, "/api/pause", url.Values{"destination": {"main-shop"}, "note": {bad}})
	body := get(t, h, "/").Body.String()
	harmless(t, "a note", body)
	wantText(t, body, bad)
	if raw := get(t, h, "/api/destinations").Body.String(); strings.Contains(raw, "<script>") {
		t.Errorf("the API repeats markup as it is: %s", raw)
	}
}

func TestAPIDestinations(t *testing.T) {
	f := troubled()
	var got []collector.DestinationStatus
	if err := json.Unmarshal(get(t, f.console(t), "/api/destinations").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(f.destinations) || got[1].PausedBy != collector.PausedByDestination || got[3].Breaker.Failures != 58 || got[0].Check.Verdict.Ruling != collector.Accepted {
		t.Errorf("got %+v", got)
	}
	if empty := get(t, (&fake{}).console(t), "/api/destinations").Body.String(); empty != "[]\n" {
		t.Errorf("no destinations are %q", empty)
	}
}
