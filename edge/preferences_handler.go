package edge

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/valyala/fasthttp"

	"matchkey/collector"
	"matchkey/edge/preferences"
)

// The page on which people see and change what they allowed. A GET changes nothing:
// mail scanners and browsers fetch links before anybody follows them. A POST is one
// press of a button, answered when it is durable, with a redirect, so that to load
// the answer again sends nothing again.

// surfacePreferences is the page's name as the source and the surface of an answer.
const surfacePreferences = "preferences_page"

// Bounds of the page.
const (
	maxPreferencesForm = 16 << 10        // bytes
	choicesBound       = 5 * time.Second // to read what counts
	appliedBound       = 2 * time.Second // until the page shows what was just saved; it counts in any case
)

// preferencesPage shows the page.
func (s *Server) preferencesPage(ctx *fasthttp.RequestCtx, st *site) collector.Reason {
	who, message := s.whose(ctx, st)
	if message == "" && string(ctx.QueryArgs().Peek("saved")) == "1" {
		message = preferences.Saved
		if !byLink(ctx, "") && len(ctx.Request.Header.Cookie(cookieAnswer)) == 0 {
			message = preferences.NoCookies // what was set has not come back
		}
	}
	return s.showPreferences(ctx, st, who, message, fasthttp.StatusOK)
}

// whose says whose choices a request is about: those of the link's person, or of
// this browser. A message tells when the link is no good.
func (s *Server) whose(ctx *fasthttp.RequestCtx, st *site) (who collector.Subject, message preferences.Message) {
	if token := ctx.QueryArgs().Peek("t"); len(token) > 0 {
		if who, ok := st.choices.openLink(st.name, string(token), s.now()); ok {
			return who, ""
		}
		message = preferences.LinkEnded
	}
	if visitor := string(ctx.Request.Header.Cookie(cookieVisitor)); isToken(visitor) {
		who = collector.Visitor(st.name, visitor)
	}
	return who, message
}

// byLink reports whether a request is about the person of a link that is good.
func byLink(ctx *fasthttp.RequestCtx, message preferences.Message) bool {
	return message == "" && len(ctx.QueryArgs().Peek("t")) > 0
}

func (s *Server) showPreferences(ctx *fasthttp.RequestCtx, st *site, who collector.Subject, message preferences.Message, status int) collector.Reason {
	v, why := s.preferencesView(ctx, st, who)
	if why != "" {
		return why
	}
	v.Message = message
	page, err := st.choices.Page.Page(v)
	if err != nil {
		s.log.Error("the preferences page could not be shown", "error", err)
		return collector.ReasonInternal
	}
	h := &ctx.Response.Header
	h.SetContentType("text/html; charset=utf-8")
	h.Set(fasthttp.HeaderContentLanguage, v.Language)
	h.Set(fasthttp.HeaderContentSecurityPolicy, st.choices.Page.Policy())
	// Not no-referrer: a form would then be sent as if from nobody.
	h.Set(fasthttp.HeaderReferrerPolicy, "same-origin")
	h.Set("X-Robots-Tag", "noindex")
	ctx.SetStatusCode(status)
	ctx.SetBody(page)
	return ""
}

// preferencesView gathers what a person sees.
func (s *Server) preferencesView(ctx *fasthttp.RequestCtx, st *site, who collector.Subject) (v preferences.View, why collector.Reason) {
	where := s.locate(s.clientAddr(ctx))
	wanted := string(ctx.QueryArgs().Peek("lang"))
	if wanted == "" {
		wanted = string(ctx.Request.Header.Peek(fasthttp.HeaderAcceptLanguage))
	}
	notice, ok, err := s.currentNotice(st, cut(wanted, maxWanted), surfacePreferences, where)
	if !ok && err == nil {
		return v, collector.ReasonNotFound
	}
	gpc := privacySignal(&ctx.Request.Header)
	bound, cancel := context.WithTimeout(s.ctx, choicesBound)
	defer cancel()
	if err == nil {
		v.Choices, v.OptOut, err = st.choices.Choices(bound, who, where, notice.Language)
	}
	if err == nil {
		v.Form, err = s.preferencesForm(st, who, notice, where, gpc)
	}
	if err != nil {
		s.log.Error("the preferences page could not be made", "error", err)
		return v, collector.ReasonInternal
	}
	address := func(path, language string) string {
		q := url.Values{"lang": {language}}
		if token := ctx.QueryArgs().Peek("t"); len(token) > 0 {
			q.Set("t", string(token))
		}
		return path + "?" + q.Encode()
	}
	v.Language, v.Notice, v.GPC = notice.Language, notice.Text, gpc
	v.Account = who.Kind == collector.SubjectCustomer && who.ID != ""
	v.Action = address(st.choices.path, v.Language)
	v.LanguageLink = func(language string) string { return address(st.choices.path, language) }
	if slices.ContainsFunc(v.Choices, func(c preferences.Choice) bool { return c.State != preferences.Unset }) {
		v.Receipt = address(st.choices.path+"/receipt", v.Language)
	}
	if who.ID == "" { // of this nothing is on record
		refuseByCookie(v.Choices, string(ctx.Request.Header.Cookie(cookieAnswer)))
	}
	return v, ""
}

// refuseByCookie shows what a browser refused that has no identifier any more: a no
// takes that back, and the cookie is all that is left of it.
func refuseByCookie(list []preferences.Choice, cookie string) {
	text, err := url.PathUnescape(cookie)
	var w wireAnswer
	if err != nil || json.Unmarshal([]byte(text), &w) != nil || w.Action == collector.ConsentAccept || w.At < 1 || w.At > maxMillis {
		return
	}
	for i := range list {
		if len(w.Categories) == 0 || slices.Contains(w.Categories, list[i].ID) {
			list[i].State, list[i].Since, list[i].Source = preferences.Refused, fromMillis(int64(w.At)), w.Source
		}
	}
}

func (s *Server) preferencesForm(st *site, who collector.Subject, notice shownNotice, where collector.Geo, gpc bool) (map[string]string, error) {
	sealed, err := st.choices.forms.seal(form{
		Kind: who.Kind, ID: who.ID, Notice: notice.Hash, Language: notice.Language, Token: notice.Token,
		Regime: st.regime(where), Country: where.Country, GPC: gpc, At: s.now().Unix(),
	})
	return map[string]string{"form": sealed}, err
}

// preferencesReceipt gives what counts now, to keep.
func (s *Server) preferencesReceipt(ctx *fasthttp.RequestCtx, st *site) collector.Reason {
	who, _ := s.whose(ctx, st)
	v, why := s.preferencesView(ctx, st, who)
	if why != "" {
		return why
	}
	at := s.now()
	id, err := s.random.receipt(receiptChoices, at)
	var body []byte
	if err == nil {
		body, err = st.choices.Page.Receipt(v, id, at)
	}
	if err != nil {
		s.log.Error("a receipt of choices could not be made", "error", err)
		return collector.ReasonInternal
	}
	ctx.Response.Header.Set(fasthttp.HeaderContentDisposition, `attachment; filename="privacy-choices.json"`)
	answerJSON(ctx, body)
	return ""
}

// changePreferences takes one press of a button.
func (s *Server) changePreferences(ctx *fasthttp.RequestCtx, st *site) collector.Reason {
	body, why := ownBody(ctx, maxPreferencesForm)
	if why != "" {
		return why
	}
	var args fasthttp.Args
	args.ParseBytes(body)
	who, message := s.whose(ctx, st)
	if message != "" { // what the page showed is not what the link once meant
		return s.showPreferences(ctx, st, who, message, fasthttp.StatusConflict)
	}
	now := s.now()
	origin := string(ctx.Request.Header.Peek(fasthttp.HeaderOrigin))
	f, ok := st.choices.openForm(string(args.Peek("form")), who, now)
	var ticked []string
	for _, id := range args.PeekMulti(preferences.FieldCategory) {
		ticked = append(ticked, string(id))
	}
	action, categories, known := st.answerOf(string(args.Peek(preferences.FieldAnswer)), ticked)
	if !ok || !known || !st.isOwnForm(origin, string(ctx.Host())) {
		return s.showPreferences(ctx, st, who, preferences.Stale, fasthttp.StatusConflict)
	}
	said := collector.ConsentAnswer{
		Action: action, Categories: categories, At: now, ClaimedAt: now.Truncate(time.Millisecond), Notice: f.Notice, Language: f.Language,
		Source: surfacePreferences, Explicit: true, InformedOfGPC: f.GPC && action == collector.ConsentAccept,
		Proof: collector.ProofToken, Regime: f.Regime, Country: f.Country, Surface: surfacePreferences,
	}
	return s.keepPreferences(ctx, st, who, said, f.Token, strings.HasPrefix(origin, "https:"))
}

// keepPreferences makes an answer durable and tells the browser.
func (s *Server) keepPreferences(ctx *fasthttp.RequestCtx, st *site, who collector.Subject, said collector.ConsentAnswer, token string, secure bool) collector.Reason {
	receipt, err := s.random.receipt(receiptChoices, said.At)
	if err == nil && who.ID == "" && said.Action == collector.ConsentAccept {
		who, err = s.newVisitor(st, said.At)
	}
	if err != nil {
		s.log.Error("an answer on the preferences page was not kept", "error", err)
		return s.showPreferences(ctx, st, who, preferences.Failed, fasthttp.StatusServiceUnavailable)
	}
	// A no of a browser that was never seen has nobody to stand with: the cookie
	// alone says it.
	if who.ID != "" {
		ev := st.answerEvent(receipt, receipt, said.At, said)
		ev.Origin = collector.OriginBrowser
		ev.Signals = collector.Signals{GPC: privacySignal(&ctx.Request.Header)}
		switch who.Kind {
		case collector.SubjectCustomer:
			ev.Customer = who.ID
		default:
			ev.Visitor = who.ID
		}
		if why := s.makeDurable(st, []collector.Event{ev}); why != "" {
			s.noteRefused(st.name, why, 1)
			ctx.Response.Header.Set(fasthttp.HeaderRetryAfter, "60")
			return s.showPreferences(ctx, st, who, preferences.Failed, fasthttp.StatusServiceUnavailable)
		}
		bound, cancel := context.WithTimeout(s.ctx, appliedBound)
		defer cancel()
		if err := st.choices.Applied(bound); err != nil {
			s.debug("a choice is saved and not shown yet", st.name, "", receipt)
		}
	}
	if !byLink(ctx, "") {
		s.tellBrowser(ctx, st, who, said, token, secure)
	}
	args := ctx.QueryArgs()
	q := url.Values{"saved": {"1"}, "lang": {said.Language}}
	if t := args.Peek("t"); len(t) > 0 {
		q.Set("t", string(t))
	}
	ctx.Response.Header.Set(fasthttp.HeaderLocation, st.choices.path+"?"+q.Encode())
	ctx.SetStatusCode(fasthttp.StatusSeeOther)
	return ""
}

// newVisitor names a browser that was never seen and agreed, as the tag does.
func (s *Server) newVisitor(st *site, at time.Time) (who collector.Subject, err error) {
	var raw [16]byte
	if err := s.random.read(raw[:]); err != nil {
		return who, err
	}
	id := make([]byte, len(raw))
	for i, b := range raw {
		id[i] = "0123456789abcdefghijklmnopqrstuv"[b&31]
	}
	return collector.Visitor(st.name, "1."+strconv.FormatInt(at.Unix(), 36)+"."+string(id)), nil
}

// A wireAnswer is "c" of a beacon, as the tag keeps it in its cookie.
type wireAnswer struct {
	Action     string   `json:"a"`
	At         float64  `json:"t"`
	Notice     string   `json:"n"`
	Language   string   `json:"g"`
	Source     string   `json:"s"`
	Explicit   bool     `json:"x"`
	Informed   bool     `json:"o"`
	Categories []string `json:"k"`
	Token      string   `json:"p"`
}

// cookieAnswer remembers the person's answer for the tag, as the tag writes it, for
// as long as a choice is to be respected before somebody asks again (consent.md § 4.5).
const (
	cookieAnswer = "_mkc"
	answerMaxAge = 180 * 24 * time.Hour
)

// tellBrowser gives the tag the answer: it looks at the cookie before every request,
// in every tab. A no takes back what identifies.
func (s *Server) tellBrowser(ctx *fasthttp.RequestCtx, st *site, who collector.Subject, said collector.ConsentAnswer, token string, secure bool) {
	b, err := json.Marshal(wireAnswer{
		Action: said.Action, At: float64(said.ClaimedAt.UnixMilli()), Notice: said.Notice, Language: said.Language, Source: said.Source,
		Explicit: true, Informed: said.InformedOfGPC, Categories: said.Categories, Token: token,
	}, json.OmitZeroStructFields(true))
	if err != nil {
		s.log.Error("BUG: an answer is no JSON", "error", err)
		return
	}
	domain := st.domainFor(string(ctx.Host()))
	// As encodeURIComponent writes it: the tag reads no plus as a blank.
	value := strings.ReplaceAll(url.QueryEscape(string(b)), "+", "%20")
	addCookie(ctx, setCookie{cookieAnswer, value, answerMaxAge}, domain, secure)
	if said.Action == collector.ConsentAccept {
		st.reissue(ctx, []setCookie{{cookieVisitor, who.ID, visitorMaxAge}}, secure)
		return
	}
	st.expire(ctx, secure)
}
