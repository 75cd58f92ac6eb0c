package edge

import (
	"context"
	"errors"
	"image/gif"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"matchkey/collector"
)

const (
	openAddress  = "/mk/shop/open.gif"
	mailProgram  = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0"
	gmailsProxy  = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
	applesPrefix = "17.58.0.1"
)

// An agreement stands in for what people answered.
type agreement struct {
	asked []collector.Subject
	geo   collector.Geo
	says  collector.Reason // "" is yes
	fails error
}

func (a *agreement) mayKeep(_ context.Context, who collector.Subject, _ collector.Signals, geo collector.Geo) (bool, []collector.Reason, error) {
	a.asked, a.geo = append(a.asked, who), geo
	if a.says != "" {
		return false, []collector.Reason{a.says}, a.fails
	}
	return true, nil, a.fails
}

func withOpens(a *agreement) func(*Options) {
	return func(o *Options) {
		o.TokenKey = []byte(tokenKey)
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
		o.Geo = func(netip.Addr) collector.Geo { return collector.Geo{Country: "DE", Source: "geoip"} }
		o.Sites[0].Opens = &Opens{MayKeep: a.mayKeep, Base: origin}
	}
}

// picture makes the address of a picture as the edge is asked for it.
func picture(t *testing.T, change ...func(*Mailing)) string {
	t.Helper()
	m := Mailing{Who: collector.Customer("shop", "c42"), Message: "news-2026-11", Campaign: "autumn"}
	for _, c := range change {
		c(&m)
	}
	address, err := OpenAddress([]byte(tokenKey), origin, "/mk", m, noon.Add(OpenAge))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(address, origin)
}

// wantPicture: whatever became of it, the answer is one that a mail program shows.
func wantPicture(t *testing.T, r reply) {
	t.Helper()
	image, err := gif.Decode(strings.NewReader(r.body))
	if err != nil || image.Bounds().Dx() != 1 || image.Bounds().Dy() != 1 {
		t.Errorf("the picture is %q, %v", r.body, err)
	}
	if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "image/gif" || r.Header.Get("Cache-Control") != "no-store" || len(r.Header["Set-Cookie"]) > 0 {
		t.Errorf("%d %v", r.StatusCode, r.Header)
	}
}

func TestOpen(t *testing.T) {
	a := &agreement{}
	f := start(t, withOpens(a))
	mine := []string{"User-Agent", mailProgram, "X-Forwarded-For", "203.0.113.9"}
	r := f.do(http.MethodGet, picture(t), "", mine...)
	wantPicture(t, r)
	if r.reason() != "" {
		t.Errorf("the reason is %s", r.reason())
	}
	got := f.journal.stored()
	if len(got) != 1 {
		t.Fatalf("stored are %+v", got)
	}
	e := got[0]
	if e.Name != "email_open" || e.Origin != collector.OriginEmail || e.Channel != collector.ChannelEmail || e.Customer != "c42" || e.Visitor != "" ||
		!strings.HasPrefix(e.ID, "email_open.news-2026-11.") || !strings.HasPrefix(e.Receipt, "o_") || !e.OccurredAt.Equal(noon) ||
		e.Properties["message"] != "news-2026-11" || e.Properties["campaign"] != "autumn" || e.Properties["prefetched"] != false ||
		e.Client.IP != "203.0.113.9" || e.Client.UserAgent != mailProgram || len(e.Identifiers) > 0 {
		t.Errorf("the event is %+v", e)
	}
	if strings.Contains(e.ID, "c42") {
		t.Errorf("the id names the person: %s", e.ID)
	}
	if len(a.asked) != 1 || a.asked[0] != collector.Customer("shop", "c42") || a.geo.Country != "DE" {
		t.Errorf("asked were %v of %v", a.asked, a.geo)
	}

	// Again, by another address made later: the same event. Another message, another person: others.
	f.do(http.MethodGet, picture(t, func(m *Mailing) { m.SentAt = noon.Add(-time.Hour) }), "", mine...)
	f.do(http.MethodGet, picture(t, func(m *Mailing) { m.Message = "news-2026-12" }), "", mine...)
	f.do(http.MethodGet, picture(t, func(m *Mailing) { m.Who = collector.Customer("shop", "c43") }), "", mine...)
	f.do(http.MethodGet, picture(t, func(m *Mailing) { m.Who = collector.Visitor("shop", "c42") }), "", mine...)
	got = f.journal.stored()
	ids := map[string]int{}
	for _, e := range got {
		ids[e.ID]++
	}
	if len(got) != 5 || len(ids) != 4 || ids[e.ID] != 2 || got[4].Visitor != "c42" || got[4].Customer != "" {
		t.Errorf("the ids are %v", ids)
	}
}

// TestOpenByAMachine: it is marked, nothing that it says of itself is kept, and the
// person's own open is another event.
func TestOpenByAMachine(t *testing.T) {
	for name, c := range map[string]struct {
		method, agent, address, want string
		sent                         time.Time
	}{
		"a person":                      {agent: mailProgram},
		"a person, soon":                {agent: mailProgram, sent: noon.Add(-time.Second)},
		"a browser of Apple's":          {agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"},
		"Apple Mail":                    {agent: "Mozilla/5.0", want: "apple_mail_privacy"},
		"Apple's network":               {agent: mailProgram, address: applesPrefix, want: "apple_mail_privacy"},
		"Gmail":                         {agent: gmailsProxy, want: "google_image_proxy"},
		"Gmail ahead":                   {agent: "Mozilla/5.0 (Windows NT 10.0) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0", want: "google_image_proxy"},
		"Yahoo":                         {agent: "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", want: "yahoo_mail_proxy"},
		"Microsoft":                     {agent: "Mozilla/5.0 (Windows NT 6.1) BingPreview/1.0b", want: "microsoft_preview"},
		"a scanner":                     {agent: "Barracuda Sentinel (EE)", want: "scanner"},
		"a bot":                         {agent: "SomeBot/1.0", want: "scanner"},
		"nobody says":                   {agent: " ", want: "no_user_agent"},
		"only a look":                   {method: http.MethodHead, agent: mailProgram, want: "head_request"},
		"within a second":               {agent: mailProgram, sent: noon.Add(-999 * time.Millisecond), want: "at_once"},
		"before it is sent":             {agent: mailProgram, sent: noon.Add(time.Hour), want: "at_once"},
		"an old phone with a good name": {agent: "Mozilla/5.0 (Linux; Android 10) CUBOT NOTE 20", want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := &agreement{}
			f := start(t, withOpens(a))
			if c.method == "" {
				c.method = http.MethodGet
			}
			if c.address == "" {
				c.address = "203.0.113.9"
			}
			r := f.do(c.method, picture(t, func(m *Mailing) { m.SentAt = c.sent }), "", "User-Agent", c.agent, "X-Forwarded-For", c.address, "Sec-GPC", "1")
			if c.method == http.MethodGet {
				wantPicture(t, r)
			}
			got := f.journal.stored()
			if len(got) != 1 {
				t.Fatalf("stored are %+v", got)
			}
			e := got[0]
			by, _ := e.Properties["prefetch_reason"].(string)
			if by != c.want || e.Properties["prefetched"] != (c.want != "") || strings.HasSuffix(e.ID, ".prefetched") != (c.want != "") {
				t.Errorf("it is %v in %s, want %q", e.Properties, e.ID, c.want)
			}
			if c.want != "" && (e.Client != collector.Client{} || e.Signals.GPC || a.geo != collector.Geo{}) {
				t.Errorf("of a machine is kept %+v %+v, asked was %+v", e.Client, e.Signals, a.geo)
			}
			if c.want == "" && (e.Client.IP == "" || !e.Signals.GPC) {
				t.Errorf("of a person is kept %+v %+v", e.Client, e.Signals)
			}
		})
	}
}

// TestOpenThatIsNotCounted: the picture is shown all the same, and the reason counted.
func TestOpenThatIsNotCounted(t *testing.T) {
	good := picture(t)
	token := func(edit func(string) string) string {
		u, err := url.Parse(good)
		if err != nil {
			t.Fatal(err)
		}
		return openAddress + "?" + url.Values{"t": {edit(u.Query().Get("t"))}}.Encode()
	}
	preferences, err := PreferencesLink([]byte(tokenKey), "", "/mk", collector.Customer("shop", "c42"), noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	another, err := OpenAddress([]byte(tokenKey), "", "/mk", Mailing{Who: collector.Customer("other", "c42"), Message: "m"}, noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	ended, err := OpenAddress([]byte(tokenKey), "", "/mk", Mailing{Who: collector.Customer("shop", "c42"), Message: "m"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	_, forOther, _ := strings.Cut(another, "?")
	_, ofPreferences, _ := strings.Cut(preferences, "?")
	for name, c := range map[string]struct {
		address  string
		change   func(*fixture, *agreement)
		want     collector.Reason
		withheld bool
	}{
		"no token":                {address: openAddress, want: ReasonOpenForged},
		"a flipped token":         {address: token(func(s string) string { return map[bool]string{true: "B", false: "A"}[s[0] == 'A'] + s[1:] }), want: ReasonOpenForged},
		"half a token":            {address: token(func(s string) string { return s[:len(s)/2] }), want: ReasonOpenForged},
		"a token of great length": {address: token(func(s string) string { return strings.Repeat(s, 50) }), want: ReasonOpenForged},
		"a link to choices":       {address: openAddress + "?" + ofPreferences, want: ReasonOpenForged},
		"another site's":          {address: openAddress + "?" + forOther, want: ReasonOpenForged},
		"one that ended":          {address: ended, want: ReasonOpenExpired},
		"no consent":              {address: good, change: func(_ *fixture, a *agreement) { a.says = collector.ReasonConsentAbsent }, want: collector.ReasonConsentAbsent, withheld: true},
		"consent is not known":    {address: good, change: func(_ *fixture, a *agreement) { a.fails = errors.New("no") }, want: collector.ReasonInternal},
		"a busy journal":          {address: good, change: func(f *fixture, _ *agreement) { f.journal.fail = collector.ErrBusy }, want: collector.ReasonJournalBusy},
		"a failed journal":        {address: good, change: func(f *fixture, _ *agreement) { f.journal.fail = errors.New("disk") }, want: collector.ReasonJournalFailed},
	} {
		t.Run(name, func(t *testing.T) {
			a := &agreement{}
			f := start(t, withOpens(a))
			if c.change != nil {
				c.change(f, a)
			}
			r := f.do(http.MethodGet, c.address, "", "User-Agent", mailProgram)
			wantPicture(t, r)
			metric := "refused_total"
			if c.withheld {
				metric = "withheld_total"
			}
			if r.reason() != c.want || len(f.journal.stored()) > 0 || f.count(metric, "reason", string(c.want)) != 1 {
				t.Errorf("the reason is %s, counted %v, want %s; stored %+v", r.reason(), f.count(metric, "reason", string(c.want)), c.want, f.journal.stored())
			}
			if log := f.log.String(); strings.Contains(log, "c42") || strings.Contains(log, "?t=") {
				t.Errorf("the log says whose it was: %s", log)
			}
		})
	}
}

func TestOpenLink(t *testing.T) {
	f := start(t, withOpens(&agreement{}))
	ask := func(body, key string) reply {
		return f.do(http.MethodPost, "/v1/shop/open-link", body, "Authorization", "Bearer "+key)
	}
	r := ask(`{"customer":"c42","message":"m1","sent_at":"2026-11-24T11:00:00Z"}`, writeKey)
	var made linkAnswer
	if err := json.Unmarshal([]byte(r.body), &made); err != nil || !strings.HasPrefix(made.URL, origin+openAddress+"?t=") || !made.ExpiresAt.Equal(noon.Add(OpenAge)) {
		t.Fatalf("%d %s, %v", r.StatusCode, r.body, err)
	}
	if strings.Contains(made.URL, "c42") || strings.Contains(made.URL, "m1") {
		t.Errorf("the address says whose it is: %s", made.URL)
	}
	wantPicture(t, f.do(http.MethodGet, strings.TrimPrefix(made.URL, origin), "", "User-Agent", mailProgram))
	if got := f.journal.stored(); len(got) != 1 || got[0].Customer != "c42" || got[0].Properties["message"] != "m1" {
		t.Errorf("stored are %+v", got)
	}
	for body, want := range map[string]collector.Reason{
		`{"customer":"c42"}`:                               ReasonOpenMessage,
		`{"customer":"c42","message":"a b"}`:               ReasonOpenMessage,
		`{"customer":"c42","message":"m","campaign":"ü"}`:  ReasonOpenMessage,
		`{"message":"m"}`:                                  collector.ReasonNoSubject,
		`{"customer":"ada@example.com","message":"m"}`:     ReasonContactData,
		`{"customer":"c42","message":"m","to":"x"}`:        collector.ReasonMalformedJSON,
		`{"customer":"c42","message":"m","sent_at":"now"}`: collector.ReasonMalformedJSON,
	} {
		if r := ask(body, writeKey); r.reason() != want || r.StatusCode != http.StatusBadRequest {
			t.Errorf("%s is answered %d %s, want %s", body, r.StatusCode, r.reason(), want)
		}
	}
	if r := ask(`{"customer":"c42","message":"m"}`, "another"); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("without the key: %d", r.StatusCode)
	}
	if r := start(t).do(http.MethodGet, openAddress, ""); r.StatusCode != http.StatusNotFound {
		t.Errorf("a site without a picture: %d", r.StatusCode)
	}
}
