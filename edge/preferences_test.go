package edge

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"matchkey/collector"
	"matchkey/edge/preferences"
)

// A ledger stands in for what counts: the last answer of each person.
type ledger struct {
	mu    sync.Mutex
	asked []collector.Subject
	says  map[collector.Subject]preferences.State
	fails error
}

func (l *ledger) choices(_ context.Context, who collector.Subject, where collector.Geo, language string) ([]preferences.Choice, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, who)
	state := preferences.Unset
	if s, known := l.says[who]; known {
		state = s
	}
	return []preferences.Choice{
		{ID: "measuring", Label: "measuring in " + language, State: state, Since: noon, Source: "banner"},
		{ID: "matching", Label: "matching", State: preferences.Unset},
	}, where.Country == "US", l.fails
}

const tokenKey = "a key of sixteen bytes or more"

// withPreferences gives the test's site a page in English and German.
func withPreferences(l *ledger, change ...func(*Options)) func(*Options) {
	return func(o *Options) {
		page, err := preferences.New(preferences.Look{Site: "Shop"}, []string{"en", "de"}, []string{"https://frame.example"})
		if err != nil {
			panic(err)
		}
		o.TokenKey = []byte(tokenKey)
		s := &o.Sites[0]
		s.Notices = []collector.NoticeText{
			{Site: "shop", Hash: strings.Repeat("a", 64), Language: "en", Text: "May we?", Recipients: []string{"meta"}},
			{Site: "shop", Hash: strings.Repeat("b", 64), Language: "de", Text: "Dürfen wir?", Recipients: []string{"meta"}},
		}
		s.Categories = []Category{{ID: "measuring"}, {ID: "matching"}}
		s.Preferences = &Preferences{Page: page, Choices: l.choices, Applied: func(context.Context) error { return nil }, Base: origin}
		for _, c := range change {
			c(o)
		}
	}
}

const preferencesAddress = "/mk/shop/preferences"

var formField = regexp.MustCompile(`name="form" value="([^"]+)"`)

// press loads the page and presses one of its buttons; header goes with both requests.
func (f *fixture) press(address, button string, ticked []string, header ...string) reply {
	f.t.Helper()
	shown := f.do(http.MethodGet, address, "", header...)
	found := formField.FindStringSubmatch(shown.body)
	if shown.StatusCode != http.StatusOK || found == nil {
		f.t.Fatalf("the page: %d %s", shown.StatusCode, shown.body)
	}
	return f.post(address, url.Values{"form": {found[1]}, "answer": {button}, "category": ticked}, header...)
}

func (f *fixture) post(address string, form url.Values, header ...string) reply {
	f.t.Helper()
	f.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return f.do(http.MethodPost, address, form.Encode(), append(header, "Content-Type", "application/x-www-form-urlencoded", "Origin", origin)...)
}

func cookiesOf(r reply) map[string]*http.Cookie {
	set := map[string]*http.Cookie{}
	for _, c := range r.Cookies() {
		set[c.Name] = c
	}
	return set
}

func TestPreferencesPage(t *testing.T) {
	l := &ledger{says: map[collector.Subject]preferences.State{collector.Visitor("shop", visitor): preferences.Granted}}
	f := start(t, withPreferences(l))
	mine := []string{"Cookie", "_mkv=" + visitor}

	t.Run("a look changes nothing", func(t *testing.T) {
		r := f.do(http.MethodGet, preferencesAddress, "", append(mine, "Accept-Language", "de-AT,en;q=0.5", "Sec-GPC", "1")...)
		for _, want := range []string{"Dürfen wir?", `lang="de"`, "measuring in de", "Ihr Browser bittet", `value="measuring" aria-describedby="d-measuring" checked`} {
			if !strings.Contains(r.body, want) {
				t.Errorf("the page lacks %q", want)
			}
		}
		h := r.Header
		if r.StatusCode != http.StatusOK || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors https://frame.example") ||
			h.Get("Cache-Control") != "no-store" || h.Get("X-Robots-Tag") != "noindex" || h.Get("Referrer-Policy") != "same-origin" || len(h["Set-Cookie"]) > 0 {
			t.Errorf("%d %v", r.StatusCode, h)
		}
		if got := f.journal.stored(); len(got) > 0 {
			t.Errorf("a look wrote %+v", got)
		}
	})

	t.Run("no to all", func(t *testing.T) {
		r := f.press(preferencesAddress, preferences.AnswerReject, nil, append(mine, "Cookie", "_fbp="+browser)...)
		if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != preferencesAddress+"?lang=en&saved=1" {
			t.Fatalf("%d to %q", r.StatusCode, r.Header.Get("Location"))
		}
		got := f.journal.stored()
		e := got[len(got)-1]
		want := collector.ConsentAnswer{
			Action: "reject", At: noon, ClaimedAt: noon, Notice: strings.Repeat("a", 64), Language: "en", Source: "preferences_page",
			Explicit: true, Proof: collector.ProofToken, Surface: "preferences_page",
		}
		if e.Name != collector.EventConsent || e.Visitor != visitor || e.Customer != "" || !equalJSON(t, e.Consent, want) || len(e.Identifiers) > 0 || e.Client.IP != "" {
			t.Errorf("%+v, %+v", e, e.Consent)
		}
		set := cookiesOf(r)
		for _, name := range []string{"_mkv", "_mks", "_fbp", "_fbc"} {
			if c := set[name]; c == nil || c.Value != "" || c.MaxAge > 0 {
				t.Errorf("the cookie %s is not taken back: %v", name, c)
			}
		}
		if got := answerCookie(t, set["_mkc"]); got.Action != "reject" || got.At != float64(noon.UnixMilli()) {
			t.Errorf("the tag is told %+v", got)
		}
	})

	t.Run("yes to some", func(t *testing.T) {
		r := f.press(preferencesAddress+"?lang=de", preferences.AnswerSave, []string{"matching"}, append(mine, "Sec-GPC", "1")...)
		got := f.journal.stored()
		said := got[len(got)-1].Consent
		if r.StatusCode != http.StatusSeeOther || said.Action != "accept" || !slices.Equal(said.Categories, []string{"matching"}) ||
			!said.InformedOfGPC || said.Language != "de" || said.Notice != strings.Repeat("b", 64) {
			t.Errorf("%d, %+v", r.StatusCode, said)
		}
		set := cookiesOf(r)
		if c := set["_mkv"]; c == nil || c.Value != visitor {
			t.Errorf("the visitor is not remembered: %v", c)
		}
		if got := answerCookie(t, set["_mkc"]); got.Action != "accept" || !got.Informed || !slices.Equal(got.Categories, []string{"matching"}) || got.Token == "" {
			t.Errorf("the tag is told %+v", got)
		}
	})

	t.Run("none of several is a no", func(t *testing.T) {
		f.press(preferencesAddress, preferences.AnswerSave, nil, mine...)
		got := f.journal.stored()
		if said := got[len(got)-1].Consent; said.Action != "reject" {
			t.Errorf("%+v", said)
		}
	})

	t.Run("a browser that was never seen", func(t *testing.T) {
		before := len(f.journal.stored())
		r := f.press(preferencesAddress, preferences.AnswerReject, nil)
		if got := f.journal.stored(); r.StatusCode != http.StatusSeeOther || len(got) != before || answerCookie(t, cookiesOf(r)["_mkc"]).Action != "reject" {
			t.Errorf("its no: %d, %+v", r.StatusCode, got[before:])
		}
		r = f.press(preferencesAddress, preferences.AnswerAccept, nil)
		got := f.journal.stored()
		e := got[len(got)-1]
		if c := cookiesOf(r)["_mkv"]; r.StatusCode != http.StatusSeeOther || c == nil || c.Value != e.Visitor || !isToken(e.Visitor) {
			t.Errorf("its yes: %d, visitor %q, cookie %v", r.StatusCode, e.Visitor, c)
		}
	})

	t.Run("a no that took the visitor's id back is still shown", func(t *testing.T) {
		told := cookiesOf(f.press(preferencesAddress, preferences.AnswerReject, nil, mine...))["_mkc"]
		r := f.do(http.MethodGet, preferencesAddress, "", "Cookie", "_mkc="+told.Value)
		if !strings.Contains(r.body, "You said no. Since 2026-11-24 12:00 UTC, answered on this page.") {
			t.Errorf("%s", r.body)
		}
		for _, bad := range []string{"x", "%zz", "%7B%7D", "%7B%22a%22%3A%22accept%22%2C%22t%22%3A5%7D", "%7B%22a%22%3A%22reject%22%2C%22t%22%3A1e300%7D"} {
			if r := f.do(http.MethodGet, preferencesAddress, "", "Cookie", "_mkc="+bad); r.StatusCode != http.StatusOK || strings.Contains(r.body, "You said") {
				t.Errorf("a cookie %s: %d %s", bad, r.StatusCode, r.body)
			}
		}
	})

	t.Run("receipt", func(t *testing.T) {
		r := f.do(http.MethodGet, preferencesAddress+"/receipt?lang=de", "", mine...)
		var got preferences.Receipt
		if err := json.Unmarshal([]byte(r.body), &got); err != nil || got.Choices[0].State != preferences.Granted || !strings.HasPrefix(got.ID, "p_") {
			t.Errorf("%v, %s", err, r.body)
		}
		if strings.Contains(r.body, visitor) || !strings.HasPrefix(r.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%v %s", r.Header, r.body)
		}
	})
}

func equalJSON(t *testing.T, a, b any) bool {
	t.Helper()
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	if err1 != nil || err2 != nil || string(x) != string(y) {
		t.Logf("%s\n%s", x, y)
		return false
	}
	return true
}

func answerCookie(t *testing.T, c *http.Cookie) (w wireAnswer) {
	t.Helper()
	if c == nil || c.MaxAge != 180*24*60*60 {
		t.Fatalf("the tag is not told: %v", c)
	}
	text, err := url.PathUnescape(c.Value)
	if err == nil {
		err = json.Unmarshal([]byte(text), &w)
	}
	if err != nil {
		t.Fatalf("%q: %v", c.Value, err)
	}
	return w
}

// TestPreferencesLink reaches an account's choices from anywhere.
func TestPreferencesLink(t *testing.T) {
	account := collector.Customer("shop", "c42")
	l := &ledger{says: map[collector.Subject]preferences.State{account: preferences.Refused}}
	clock := noon
	f := start(t, withPreferences(l, func(o *Options) { o.Now = func() time.Time { return clock } }))

	r := f.do(http.MethodPost, "/v1/shop/preferences-link", `{"customer":"c42"}`, "Authorization", "Bearer "+writeKey)
	var made linkAnswer
	if err := json.Unmarshal([]byte(r.body), &made); err != nil || !strings.HasPrefix(made.URL, origin+preferencesAddress+"?t=") || !made.ExpiresAt.Equal(noon.Add(LinkAge)) {
		t.Fatalf("%d %s %v", r.StatusCode, r.body, err)
	}
	if strings.Contains(made.URL, "c42") {
		t.Errorf("the link names the person: %s", made.URL)
	}
	address := strings.TrimPrefix(made.URL, origin)
	shown := f.do(http.MethodGet, address, "", "Cookie", "_mkv="+visitor)
	if !strings.Contains(shown.body, "You said no.") || !strings.Contains(shown.body, "customer account") || l.asked[len(l.asked)-1] != account {
		t.Errorf("%s", shown.body)
	}
	saved := f.press(address, preferences.AnswerAccept, nil)
	got := f.journal.stored()
	if e := got[len(got)-1]; saved.StatusCode != http.StatusSeeOther || e.Customer != "c42" || e.Visitor != "" || len(saved.Header["Set-Cookie"]) > 0 ||
		!slices.Equal(e.Consent.Categories, []string{"measuring", "matching"}) {
		t.Errorf("%d, %+v, %v", saved.StatusCode, e, saved.Header["Set-Cookie"])
	}

	for name, bad := range map[string]string{
		"no key":      `{"customer":"c42"}`,
		"nobody":      `{}`,
		"an e-mail":   `{"customer":"a@b.example"}`,
		"not a field": `{"customer":"c42","x":1}`,
	} {
		header := []string{"Authorization", "Bearer " + writeKey}
		if name == "no key" {
			header[1] = "Bearer nonsense"
		}
		if r := f.do(http.MethodPost, "/v1/shop/preferences-link", bad, header...); r.StatusCode/100 != 4 {
			t.Errorf("%s: %d %s", name, r.StatusCode, r.body)
		}
	}

	for name, token := range map[string]string{"made up": "AAAA", "changed": address[strings.Index(address, "=")+1:len(address)-4] + "AAAA", "long": strings.Repeat("A", 8000)} {
		shown := f.do(http.MethodGet, preferencesAddress+"?t="+token, "")
		if shown.StatusCode == http.StatusOK && (!strings.Contains(shown.body, "not good any more") || strings.Contains(shown.body, "customer account")) {
			t.Errorf("a link that is %s: %d %s", name, shown.StatusCode, shown.body)
		}
	}
	clock = noon.Add(LinkAge)
	before := len(f.journal.stored())
	if shown := f.do(http.MethodGet, address, ""); !strings.Contains(shown.body, "not good any more") || !strings.Contains(shown.body, "this browser") {
		t.Errorf("an old link: %s", shown.body)
	}
	if r := f.post(address, url.Values{"answer": {preferences.AnswerReject}}); r.StatusCode != http.StatusConflict || len(f.journal.stored()) != before {
		t.Errorf("a form by an old link: %d", r.StatusCode)
	}
}

// TestSavedWithoutCookies: a browser that takes no cookies, as in another site's frame,
// keeps no answer, and is not told that it is kept.
func TestSavedWithoutCookies(t *testing.T) {
	f := start(t, withPreferences(&ledger{}))
	saved := f.press(preferencesAddress, preferences.AnswerReject, nil)
	if saved.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d", saved.StatusCode)
	}
	address := saved.Header.Get("Location")
	if r := f.do(http.MethodGet, address, ""); strings.Contains(r.body, "are saved") || !strings.Contains(r.body, "did not keep your answer") {
		t.Errorf("without cookies: %s", r.body)
	}
	if r := f.do(http.MethodGet, address, "", "Cookie", "_mkc="+cookiesOf(saved)["_mkc"].Value); !strings.Contains(r.body, "are saved") {
		t.Errorf("with cookies: %s", r.body)
	}
}

// TestFormBehindProxy: the edge has an address of its own, and a proxy that writes the
// name of the host anew, as nginx does when it is told nothing.
func TestFormBehindProxy(t *testing.T) {
	const own = "https://edge.shop.example"
	f := start(t, withPreferences(&ledger{}, func(o *Options) { o.Sites[0].Preferences.Base = own }))
	form := formField.FindStringSubmatch(f.do(http.MethodGet, preferencesAddress, "").body)[1]
	f.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for from, want := range map[string]int{own: http.StatusSeeOther, "https://evil.example": http.StatusConflict} {
		r := f.do(http.MethodPost, preferencesAddress, url.Values{"form": {form}, "answer": {preferences.AnswerReject}}.Encode(),
			"Content-Type", "application/x-www-form-urlencoded", "Origin", from)
		if r.StatusCode != want {
			t.Errorf("from %s: %d", from, r.StatusCode)
		}
	}
}

// TestLinkToNoName makes no link under a name that no answer may come under: what the
// link's page takes would stand in the journal.
func TestLinkToNoName(t *testing.T) {
	for _, who := range []collector.Subject{
		collector.Customer("shop", "ada@example.com"), collector.Customer("shop", "+49 171 3920042"), collector.Customer("shop", " "),
		collector.Visitor("shop", "a b/c"), collector.Visitor("shop", ""),
	} {
		address, err := PreferencesLink([]byte(tokenKey), origin, "/mk", who, noon.Add(LinkAge))
		if err == nil || address != "" || strings.TrimSpace(who.ID) != "" && strings.Contains(err.Error(), who.ID) {
			t.Errorf("%v: %q, %v", who, address, err)
		}
	}
}

// TestForeignForms are forms that must change nothing.
func TestForeignForms(t *testing.T) {
	l := &ledger{}
	clock := noon
	f := start(t, withPreferences(l, func(o *Options) { o.Now = func() time.Time { return clock } }))
	mine := []string{"Cookie", "_mkv=" + visitor}
	form := func(header ...string) string {
		return formField.FindStringSubmatch(f.do(http.MethodGet, preferencesAddress, "", header...).body)[1]
	}
	own := form(mine...)
	no := url.Values{"form": {own}, "answer": {preferences.AnswerReject}}
	with := func(name, value string) url.Values {
		v := url.Values{}
		for k, values := range no {
			v[k] = values
		}
		v.Set(name, value)
		return v
	}
	for name, r := range map[string]func() reply{
		"no form": func() reply { return f.post(preferencesAddress, with("form", ""), mine...) },
		"another's form": func() reply {
			return f.post(preferencesAddress, with("form", form("Cookie", "_mkv=1.x.other")), mine...)
		},
		"nobody's form":       func() reply { return f.post(preferencesAddress, with("form", form()), mine...) },
		"no button":           func() reply { return f.post(preferencesAddress, with("answer", ""), mine...) },
		"another button":      func() reply { return f.post(preferencesAddress, with("answer", "accept"), mine...) },
		"an unknown category": func() reply { return f.post(preferencesAddress, with("category", "all"), mine...) },
		"another site's page": func() reply {
			return f.do(http.MethodPost, preferencesAddress, no.Encode(), append(mine, "Origin", "https://evil.example")...)
		},
		"no origin": func() reply { return f.do(http.MethodPost, preferencesAddress, no.Encode(), mine...) },
		"a day later": func() reply {
			clock = noon.Add(24*time.Hour + time.Second)
			defer func() { clock = noon }()
			return f.post(preferencesAddress, no, mine...)
		},
	} {
		got := r()
		if got.StatusCode != http.StatusConflict || !strings.Contains(got.body, "nothing was changed") || len(got.Header["Set-Cookie"]) > 0 {
			t.Errorf("%s: %d %v", name, got.StatusCode, got.Header)
		}
	}
	if got := f.journal.stored(); len(got) > 0 {
		t.Errorf("%+v", got)
	}
	if r := f.post(preferencesAddress, url.Values{"form": {strings.Repeat("x", 20<<10)}}, mine...); r.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a large form: %d", r.StatusCode)
	}
	// When it cannot be durable, it is not said to be saved, and the cookies stay.
	f.journal.fail = collector.ErrBusy
	r := f.post(preferencesAddress, no, mine...)
	if r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" || !strings.Contains(r.body, "could not be saved") || len(r.Header["Set-Cookie"]) > 0 {
		t.Errorf("%d %v", r.StatusCode, r.Header)
	}
	f.journal.fail = nil
	if r := f.post(preferencesAddress, no, mine...); r.StatusCode != http.StatusSeeOther {
		t.Errorf("the same form again: %d", r.StatusCode)
	}
}
