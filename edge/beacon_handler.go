package edge

import (
	"bytes"
	"net/netip"
	"strings"
	"sync"

	"github.com/valyala/fasthttp"

	"matchkey/collector"
)

// preflightSeconds is how long a browser may remember a preflight. The tag's
// own beacons need none; somebody else's JSON does.
const preflightSeconds = "7200"

// preflight answers whether a page may post here.
func (s *Server) preflight(ctx *fasthttp.RequestCtx, st *site) collector.Reason {
	origin, ok := st.pageOrigin(&ctx.Request.Header)
	if !ok {
		return collector.ReasonWrongOrigin
	}
	allowOrigin(ctx, origin)
	h := &ctx.Response.Header
	h.Set(fasthttp.HeaderAccessControlAllowMethods, fasthttp.MethodPost)
	h.Set(fasthttp.HeaderAccessControlAllowHeaders, fasthttp.HeaderContentType)
	h.Set(fasthttp.HeaderAccessControlMaxAge, preflightSeconds)
	ctx.SetStatusCode(fasthttp.StatusNoContent)
	return ""
}

// beacon takes one request of the tag. The 204 leaves after the journal said
// durable, never before.
func (s *Server) beacon(ctx *fasthttp.RequestCtx, st *site) collector.Reason {
	origin, ok := st.pageOrigin(&ctx.Request.Header)
	if !ok {
		return collector.ReasonWrongOrigin
	}
	allowOrigin(ctx, origin)
	if len(ctx.Request.Header.Peek(fasthttp.HeaderContentEncoding)) > 0 {
		return collector.ReasonEncoding
	}
	b, why := readBeacon(ctx)
	if why != "" {
		return why
	}
	if why := s.notTaken(ctx, st, b); why != "" {
		return why
	}
	a, geo, err := s.arrive(ctx, st, b)
	if err != nil {
		s.log.Error("a beacon was refused", "error", err)
		return collector.ReasonInternal
	}
	a.sameJar = st.sharesCookies(string(ctx.Host()), origin)
	b.dateAnswer(a.at)
	a.giveAnswerAnEvent(b)
	secure := strings.HasPrefix(origin, "https:")
	if kept, reasons := st.mayKeep(b.answer, a.signals, geo); !kept {
		return s.withhold(ctx, a, b, reasons, secure)
	}
	events, cookies := a.keep(b)
	if why := s.makeDurable(st, events); why != "" {
		return why
	}
	if a.doubt != "" {
		s.noteRefused(st.name, a.doubt, 1)
		ctx.Response.Header.Set(headerReason, string(a.doubt))
	}
	st.reissue(ctx, cookies, secure)
	s.debug("kept", st.name, "", a.receipt)
	ctx.SetStatusCode(fasthttp.StatusNoContent)
	return ""
}

// bodies are buffers of beacons' bodies, which are used again.
var bodies = sync.Pool{New: func() any { return new([]byte) }}

// readBeacon reads a request's body and decodes it. The decoder keeps nothing of
// the body, whose memory is the next request's when this returns.
func readBeacon(ctx *fasthttp.RequestCtx) (b *beacon, why collector.Reason) {
	buf := bodies.Get().(*[]byte)
	defer bodies.Put(buf)
	body, why := readBody(ctx, (*buf)[:0], maxBeaconBytes)
	if why == "" {
		b, why = decodeBeacon(body)
	}
	if body != nil {
		*buf = body
	}
	return b, why
}

// notTaken names the events of a beacon that could not be read. When nothing
// else is in it, that is the beacon's refusal.
func (s *Server) notTaken(ctx *fasthttp.RequestCtx, st *site, b *beacon) collector.Reason {
	if len(b.events) == 0 && b.answer == nil {
		if why := mostFrequent(b.refused); why != "" {
			return why
		}
		return collector.ReasonNoEvents
	}
	for why, n := range b.refused {
		s.noteRefused(st.name, why, n)
	}
	if why := mostFrequent(b.refused); why != "" {
		ctx.Response.Header.Set(headerReason, string(why))
	}
	return ""
}

// arrive gathers what the edge itself knows of the request. geo is told apart
// from the client, because the decision needs it also when nothing is kept.
func (s *Server) arrive(ctx *fasthttp.RequestCtx, st *site, b *beacon) (a *arrival, geo collector.Geo, err error) {
	at := s.now()
	receipt, err := s.random.receipt(receiptBeacon, at)
	if err != nil {
		return nil, geo, err
	}
	h := &ctx.Request.Header
	addr := s.clientAddr(ctx)
	geo = s.locate(addr)
	a = &arrival{
		site: st, receipt: receipt, at: at,
		client: collector.Client{
			UserAgent: cut(string(h.UserAgent()), maxUserAgent), Hints: hintsOf(h),
			Locale: localeOf(string(h.Peek(fasthttp.HeaderAcceptLanguage))), Geo: geo,
		},
		signals: collector.Signals{GPC: b.gpc || privacySignal(h)},
		cookie:  func(name string) string { return string(h.Cookie(name)) },
	}
	if addr.IsValid() {
		a.client.IP = addr.String()
	}
	return a, geo, nil
}

// privacySignal reports whether the browser sent "Sec-GPC: 1". The specification
// ignores every other value (Global Privacy Control, W3C). A header that came
// several times, or was joined with commas on its way, is on when one is.
func privacySignal(h *fasthttp.RequestHeader) bool {
	for _, header := range h.PeekAll("Sec-GPC") {
		for value := range bytes.SplitSeq(header, []byte(",")) {
			if string(bytes.Trim(value, " \t")) == "1" {
				return true
			}
		}
	}
	return false
}

func (s *Server) locate(addr netip.Addr) collector.Geo {
	if s.geo == nil || !addr.IsValid() {
		return collector.Geo{}
	}
	return s.geo(addr)
}

// withhold answers a beacon whose data may not be kept. A refusal also takes
// back the cookies.
func (s *Server) withhold(ctx *fasthttp.RequestCtx, a *arrival, b *beacon, reasons []collector.Reason, secure bool) collector.Reason {
	if len(reasons) == 0 {
		reasons = []collector.Reason{collector.ReasonConsentAbsent}
		if b.answer != nil {
			reasons[0] = collector.ReasonConsentRefused
		}
	}
	events, withheld := a.leaveOnlyAnswer(b, reasons)
	if why := s.makeDurable(a.site, events); why != "" {
		return why
	}
	if withheld > 0 {
		s.metrics.withheld.WithLabelValues(a.site.name, string(reasons[0])).Add(float64(withheld))
	}
	ctx.Response.Header.Set(headerReason, string(reasons[0]))
	if b.answer != nil && b.answer.Action != collector.ConsentAccept {
		a.site.expire(ctx, secure)
	}
	s.debug("withheld", a.site.name, reasons[0], a.receipt)
	ctx.SetStatusCode(fasthttp.StatusNoContent)
	return ""
}

// mostFrequent returns the reason with the highest count, the first in the
// alphabet of those; "" when there is none.
func mostFrequent(counts map[collector.Reason]int) collector.Reason {
	var top collector.Reason
	for why, n := range counts {
		if top == "" || n > counts[top] || n == counts[top] && why < top {
			top = why
		}
	}
	return top
}
