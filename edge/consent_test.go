package edge

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"matchkey/collector"
)

var (
	english = collector.NoticeText{Site: "shop", Hash: strings.Repeat("a", 64), Language: "en", Text: "May we?", Recipients: []string{"meta"}, Epoch: 1}
	german  = collector.NoticeText{Site: "shop", Hash: strings.Repeat("b", 64), Language: "de", Text: "Dürfen wir?", Recipients: []string{"meta"}, Epoch: 1}
)

// asking gives the site texts, and tokens for them.
func asking(o *Options) {
	o.TokenKey = []byte("a key of thirty-two bytes, or so")
	s := &o.Sites[0]
	s.Notices = []collector.NoticeText{english, german}
	s.KnowsNotice = func(hash string) bool { return hash == english.Hash || hash == german.Hash }
	s.Regime = func(collector.Geo) string { return "opt_in" }
	s.Categories = []Category{{
		ID: "advertising", Purposes: []string{"ads_measurement"}, Validity: 180 * 24 * time.Hour,
		Texts: map[string]CategoryText{"": {Label: "Advertising"}, "de": {Label: "Werbung", Description: "Meta misst."}},
	}}
}

// strictly has the site ask for tokens; what may be kept is an accept that is proven.
func strictly(o *Options) {
	asking(o)
	o.Sites[0].AsksToken = true
	o.Sites[0].MayKeep = func(a *collector.ConsentAnswer, s collector.Signals, g collector.Geo) (bool, []collector.Reason) {
		if ok, why := acceptOnly(a, s, g); !ok {
			return ok, why
		}
		return a.Proof == collector.ProofToken, []collector.Reason{collector.ReasonConsentUnproven}
	}
}

// noticeOf asks for the texts.
func (f *fixture) noticeOf(query string, header ...string) (n noticeAnswer) {
	f.t.Helper()
	r := f.do("GET", "/mk/shop/notice"+query, "", header...)
	if r.StatusCode != 200 || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Cache-Control") != "no-store" {
		f.t.Fatalf("%d %v: %s", r.StatusCode, r.Header, r.body)
	}
	if err := json.Unmarshal([]byte(r.body), &n); err != nil {
		f.t.Fatal(err)
	}
	return n
}

func TestNotice(t *testing.T) {
	f := start(t, asking)
	for _, c := range []struct{ query, accept, want string }{
		{"", "", "en"}, {"", "de-AT,de;q=0.9,en;q=0.8", "de"}, {"?lang=de", "en", "de"}, {"?lang=fi", "", "en"}, {"", "%%%", "en"},
		{"?lang=" + strings.Repeat("x", 5000), "", "en"},
	} {
		n := f.noticeOf(c.query, "Accept-Language", c.accept, "Sec-GPC", "1")
		if n.Notice.Language != c.want || len(n.Others) != 1 || n.Others[0].Language == c.want || !n.GPC || n.Regime != "opt_in" {
			t.Errorf("%.20s, %s: %+v", c.query, c.accept, n)
		}
		if c.want == "de" && (n.Notice.Text != german.Text || n.Notice.Categories[0].Label != "Werbung" || n.Notice.Categories[0].Days != 180) {
			t.Errorf("in German: %+v", n.Notice)
		}
		if n.Notice.Token == n.Others[0].Token || n.Notice.Token == "" {
			t.Error("want a token for each text")
		}
	}
	if r := f.do("GET", "/mk/shop/notice", "", "Origin", origin); r.Header.Get("Access-Control-Allow-Origin") != origin {
		t.Errorf("a page of the site may not read it: %v", r.Header)
	}
	if r := f.do("GET", "/mk/shop/notice", "", "Origin", "https://evil.example"); r.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("any page may read it: %v", r.Header)
	}
	if r := start(t).do("GET", "/mk/shop/notice", ""); r.StatusCode != 404 {
		t.Errorf("a site without texts answers %d", r.StatusCode)
	}
	if len(f.journal.stored()) != 0 {
		t.Error("asking for a text left something")
	}
}

// answerWith is a beacon with an answer that was given age ago.
func answerWith(action string, hash, token string, age time.Duration) string {
	return fmt.Sprintf(`{"v":1,"t":%d,"i":%q,"c":{"a":%q,"t":%d,"n":%q,"s":"banner","x":true,"p":%q},"e":[{"n":"page_view","i":"k1","t":%[1]d}]}`,
		noon.UnixMilli(), visitor, action, noon.Add(-age).UnixMilli(), hash, token)
}

// TestTokens: a yes counts with the token of the very text, given within a day of
// it, however long ago that was. A no always counts.
func TestTokens(t *testing.T) {
	f := start(t, strictly)
	token := f.noticeOf("?lang=de").Notice.Token
	st := f.server.routes["/mk/shop"].site
	old, err := st.issueToken(shown{notice: german.Hash, language: "de", regime: "opt_in", country: "DE", surface: "notice"}, noon.Add(-100*24*time.Hour), f.server.random)
	if err != nil {
		t.Fatal(err)
	}
	other := *st
	other.name = "other"
	foreign, err := other.issueToken(shown{notice: german.Hash, language: "de"}, noon, f.server.random)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, hash, token string
		age               time.Duration
		want              collector.Reason // of the token; "" when it holds
	}{
		{"it holds", german.Hash, token, 0, ""},
		{"a standing answer, repeated", german.Hash, old, 100*24*time.Hour - time.Hour, ""},
		{"none", german.Hash, "", 0, ReasonTokenMissing},
		{"of another text", english.Hash, token, 0, ReasonTokenForged},
		{"of another site", german.Hash, foreign, 0, ReasonTokenForged},
		{"changed", german.Hash, "1.0" + token[3:], 0, ReasonTokenForged},
		{"its end is cut off", german.Hash, token[:len(token)-1], 0, ReasonTokenForged},
		{"nonsense", german.Hash, strings.Repeat("x.", 200), 0, ReasonTokenForged},
		{"the answer came days later", german.Hash, old, time.Hour, ReasonTokenExpired},
		{"the answer was given before", german.Hash, token, time.Hour, ReasonTokenExpired},
	} {
		before := len(f.journal.stored())
		r := f.beacon(answerWith("accept", c.hash, c.token, c.age))
		stored := f.journal.stored()[before:]
		if c.want == "" {
			if r.StatusCode != 204 || len(stored) != 1 || stored[0].Consent.Proof != collector.ProofToken || stored[0].Consent.Regime != "opt_in" || stored[0].Consent.Language != "de" {
				t.Errorf("%s: %d, %+v", c.name, r.StatusCode, stored)
			}
			continue
		}
		if r.reason() != collector.ReasonConsentUnproven || len(stored) != 0 {
			t.Errorf("%s: %s, and %d events are kept", c.name, r.reason(), len(stored))
		}
		refused := f.refusals()
		if len(refused) == 0 || refused[len(refused)-1].Reason != c.want {
			t.Errorf("%s: refused are %+v, want %s last", c.name, refused, c.want)
		}
	}
	before := len(f.journal.stored())
	if r := f.beacon(answerWith("reject", german.Hash, "", 0)); r.StatusCode != 204 || len(f.journal.stored()) != before+1 {
		t.Errorf("a no without a token: %d", r.StatusCode)
	}
}

// TestTokensAreNotAskedFor unless the site says so: a notice's hash is enough, and a
// token proves more.
func TestTokensAreNotAskedFor(t *testing.T) {
	f := start(t, asking)
	token := f.noticeOf("").Notice.Token
	for i, c := range []struct{ token, proof string }{{"", ""}, {token, collector.ProofToken}, {"1.x", ""}} {
		f.beacon(answerWith("accept", english.Hash, c.token, 0))
		if stored := f.journal.stored(); len(stored) != i+1 || stored[i].Consent.Proof != c.proof {
			t.Fatalf("with %q: %+v", c.token, stored)
		}
	}
}

// consents posts answers as the site's back end does.
func (f *fixture) consents(query, body, contentType string) reply {
	f.t.Helper()
	return f.do("POST", "/v1/shop/consent"+query, body, "Authorization", "Bearer "+writeKey, "Content-Type", contentType)
}

func TestConsentAPI(t *testing.T) {
	f := start(t, asking)
	const good = `{"id":"f-1","customer":"c42","action":"accept","categories":["advertising"],"at":"2025-03-01T10:00:00Z","valid_until":"2027-01-01T00:00:00Z","notice":"` +
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" + `","language":"en","source":"cmp:cookiebot"}`
	r := f.consents("", good, "application/json")
	if r.StatusCode != 202 || !strings.Contains(r.body, `"accepted":1,"duplicates":0,"rejected":[]`) || strings.Contains(r.body, "notes") {
		t.Fatalf("one answer alone: %d %s", r.StatusCode, r.body)
	}
	e := f.journal.stored()[0]
	if e.ID != "consent.f-1" || e.Name != "consent" || e.Customer != "c42" || e.Origin != collector.OriginServer || !e.ReceivedAt.Equal(noon) {
		t.Errorf("the event is %+v", e)
	}
	if a := e.Consent; a.ID != "f-1" || a.Proof != collector.ProofServer || !a.Explicit || a.At.Year() != 2025 || a.Until.Year() != 2027 || a.Source != "cmp:cookiebot" {
		t.Errorf("the answer is %+v", a)
	}

	rows := []struct {
		row  string
		code collector.Reason // "" when it is taken; with a + in front when it is and is doubtful
	}{
		{`{"id":"1","visitor":"1.a.b","action":"reject","source":"crm"}`, ""},
		{`{"id":"1","visitor":"1.a.b","action":"reject","source":"crm"}`, ""}, // again
		{`{"id":"2","customer":"c1","action":"accept","source":"crm"}`, "+consent_unproven"},
		{`{"id":"3","customer":"c1","action":"Granted","source":"crm"}`, "+record_invalid_revokes"},
		{`{"id":"4","customer":"c1","source":"crm"}`, ReasonConsentAction},
		{`{"id":"5","customer":"c1","action":"accept"}`, ReasonConsentSource},
		{`{"id":"6","customer":"c1","action":"accept","source":"gpc"}`, ReasonConsentSource},
		{`{"id":"7","action":"accept","source":"crm"}`, collector.ReasonNoSubject},
		{`{"customer":"c1","action":"accept","source":"crm"}`, collector.ReasonEventID},
		{`{"id":"8","customer":"c1","action":"accept","source":"crm","at":"tomorrow"}`, collector.ReasonEventTime},
		{`{"id":"9","customer":"c1","action":"accept","source":"crm","at":"2026-12-24T10:00:00Z"}`, collector.ReasonEventInFuture},
		{`{"id":"10","customer":"c1","action":"accept","source":"crm","categories":["cars"]}`, ReasonConsentCategory},
		{`{"id":"11","customer":"ada@example.com","action":"accept","source":"crm"}`, ReasonContactData},
		{`{"id":"12","customer":"c1","action":"accept","source":"crm","colour":"red"}`, collector.ReasonUnknownField},
		{`{"id":"13","customer":7,"action":"accept","source":"crm"}`, collector.ReasonMalformedJSON},
		{`no`, collector.ReasonMalformedJSON},
		{`{"id":"14","customer":"c1","action":"accept","source":"crm","valid_until":"never"}`, collector.ReasonEventTime},
		{`{"id":"15","customer":"c1","action":"accept","source":"crm","notice":"not a hash"}`, ReasonConsentNotice},
	}
	var lines []string
	for _, r := range rows {
		lines = append(lines, r.row)
	}
	before := len(f.journal.stored())
	for _, query := range []string{"?dry_run=true", "?dry_run=1", "?dry_run=True", "?dry_run"} {
		dry := f.consents(query, strings.Join(lines, "\n"), "application/x-ndjson")
		if dry.StatusCode != 200 || len(f.journal.stored()) != before || !strings.Contains(dry.body, `"dry_run":true`) {
			t.Errorf("%s: %d %s", query, dry.StatusCode, dry.body)
		}
	}
	r = f.consents("", strings.Join(lines, "\n"), "application/x-ndjson")
	var answer callAnswer
	if err := json.Unmarshal([]byte(r.body), &answer); err != nil || r.StatusCode != 202 {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	codes := map[int]collector.Reason{}
	for _, x := range answer.Rejected {
		codes[x.Index] = x.Code
	}
	for _, x := range answer.Notes {
		codes[x.Index] = "+" + x.Code
	}
	for i, row := range rows {
		if codes[i] != row.code {
			t.Errorf("%s: %q, want %q", row.row, codes[i], row.code)
		}
	}
	if answer.Accepted != 3 || answer.Duplicates != 1 || len(f.journal.stored()) != before+4 {
		t.Errorf("%+v, and %d events are stored", answer, len(f.journal.stored())-before)
	}
	for _, x := range append(answer.Rejected, answer.Notes...) {
		if x.Message == "" {
			t.Errorf("%s has no sentence", x.Code)
		}
	}
	if r := f.do("POST", "/v1/shop/consent", good); r.StatusCode != 401 {
		t.Errorf("without a key: %d", r.StatusCode)
	}
	if r := f.consents("", "nonsense", "application/json"); r.StatusCode != 400 {
		t.Errorf("nonsense: %d %s", r.StatusCode, r.body)
	}
	if r := f.do("POST", "/v1/nobody/consent", good); r.reason() != collector.ReasonUnknownSite {
		t.Errorf("of a site that is not: %s", r.reason())
	}
}

// TestSignalRefuses: a beacon under the signal that names somebody leaves their
// refusal, once a day, and nothing else.
func TestSignalRefuses(t *testing.T) {
	now := noon
	f := start(t, func(o *Options) {
		o.Now = func() time.Time { return now }
		o.Sites[0].MayKeep = func(a *collector.ConsentAnswer, s collector.Signals, _ collector.Geo) (bool, []collector.Reason) {
			if s.GPC {
				return false, []collector.Reason{collector.ReasonGPC}
			}
			return a != nil, []collector.Reason{collector.ReasonConsentAbsent}
		}
	})
	named := func(gpc string) {
		f.do("POST", "/mk/shop", `{"v":1,"t":1,"i":"1.a.b","u":{"id":"c42","email":"ada@example.com"},"e":[{"n":"page_view","i":"k1","t":1}]}`,
			"Origin", origin, "Sec-GPC", gpc)
	}
	named("0")
	if n := len(f.journal.stored()); n != 0 {
		t.Fatalf("without the signal %d events are kept", n)
	}
	f.journal.fail = collector.ErrBusy
	named("1") // and comes again, because it was not taken
	f.journal.fail = nil
	named("1")
	named("1")
	stored := f.journal.stored()
	if len(stored) != 1 {
		t.Fatalf("%d events are kept, want the refusal once", len(stored))
	}
	e := stored[0]
	if e.Name != "consent" || e.Consent.Action != "reject" || e.Consent.Source != collector.SourceGPC || e.Visitor != "1.a.b" || e.Customer != "c42" ||
		len(e.Identifiers) > 0 || e.Client != (collector.Client{}) || !e.Signals.GPC {
		t.Errorf("the refusal is %+v", e)
	}
	now = now.Add(24 * time.Hour)
	named("1")
	f.beacon(`{"v":1,"t":1,"e":[{"n":"page_view","i":"k1","t":1}]}`, "Sec-GPC", "1") // names nobody
	if n := len(f.journal.stored()); n != 2 {
		t.Errorf("a day later there are %d, want 2", n)
	}
}

func TestWellKnownGPC(t *testing.T) {
	r := start(t).do("GET", "/.well-known/gpc.json", "")
	var said struct {
		GPC        bool   `json:"gpc"`
		LastUpdate string `json:"lastUpdate"`
	}
	if err := json.Unmarshal([]byte(r.body), &said); err != nil || !said.GPC || r.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%s, %v", r.body, err)
	}
	if _, err := time.Parse(time.DateOnly, said.LastUpdate); err != nil {
		t.Error(err)
	}
}

// FuzzConsentAPI: whatever is posted, what is stored is an answer of somebody, and
// no yes is made of anything else.
func FuzzConsentAPI(f *testing.F) {
	f.Add(`{"records":[{"id":"1","customer":"c1","action":"accept","source":"crm"}]}`, false)
	f.Add(`{"id":"1","visitor":"v","action":"reject","source":"crm","at":"2026-01-01T00:00:00Z"}`, true)
	f.Add(`{"records":[]}x`, false)
	o := Options{Sites: []Site{testSite()}}
	asking(&o)
	st, err := o.Sites[0].prepare()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body string, lines bool) {
		c := &call{site: st, at: noon, answers: true, receipt: "c_1"}
		why := collector.Reason("")
		if lines {
			why = c.readLines([]byte(body))
		} else {
			why = c.readList([]byte(body))
		}
		if why == "" && len(c.events) == 0 && len(c.rejected) == 0 {
			t.Fatal("nothing was said of it")
		}
		for _, e := range c.events {
			a := e.Consent
			if a == nil || e.Customer == "" && e.Visitor == "" || a.At.IsZero() || a.At.After(noon) || len(e.Identifiers) > 0 {
				t.Fatalf("%q made %+v", body, e)
			}
			if a.Action == collector.ConsentAccept && (a.Source == collector.SourceGPC || !strings.Contains(body, "accept")) {
				t.Fatalf("%q made a yes: %+v", body, a)
			}
		}
	})
}

// FuzzToken: no bytes make a token that holds, and none make the reading fail.
func FuzzToken(f *testing.F) {
	f.Add("1.t7x3k2.abcdefgh.de.opt_in.DE.notice.mac", "hash")
	st := &site{name: "shop", tokenKey: []byte("a key of thirty-two bytes, or so")}
	f.Fuzz(func(t *testing.T, token, notice string) {
		if _, why := st.readToken(token, notice, noon); why == "" {
			t.Fatalf("%q holds", token)
		}
	})
}
