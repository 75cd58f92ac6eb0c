package edge

import (
	"context"
	"time"

	"github.com/valyala/fasthttp"

	"matchkey/collector"
)

// The picture that tells of an opened e-mail. It is always answered with a picture:
// nobody who reads an e-mail can do anything about a token that ended, and a program
// that shows a broken picture or waits for one comes no second time. So the answer
// acknowledges nothing. The event is durable before it leaves, or it is not counted
// here and X-Matchkey-Reason and a metric say so.

// point is a picture of one transparent point (GIF89a).
var point = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")

// openBound is how long a picture waits for consent to be read and for the journal.
const openBound = 2 * time.Second

// open answers with the picture.
func (s *Server) open(ctx *fasthttp.RequestCtx, st *site) collector.Reason {
	if why := s.noteOpen(ctx, st); why != "" {
		ctx.Response.Header.Set(headerReason, string(why))
	}
	ctx.Response.Header.SetContentType("image/gif")
	ctx.SetStatusCode(fasthttp.StatusOK)
	ctx.SetBody(point)
	return ""
}

// noteOpen makes the event of an open durable, or says and counts why there is none.
func (s *Server) noteOpen(ctx *fasthttp.RequestCtx, st *site) collector.Reason {
	now := s.now()
	t, why := st.opens.read(string(ctx.QueryArgs().Peek("t")), now)
	if why != "" {
		s.noteRefused(st.name, why, 1)
		return why
	}
	ev := st.openEvent(t, now)
	s.tellFetch(ctx, st, &ev, t)
	bound, cancel := context.WithTimeout(s.ctx, openBound)
	kept, reasons, err := st.opens.MayKeep(bound, t.subject(st.name), ev.Signals, ev.Client.Geo)
	cancel()
	if err == nil && !kept {
		// Nothing is left: who does not agree was not seen to read.
		if len(reasons) == 0 {
			reasons = []collector.Reason{collector.ReasonConsentAbsent}
		}
		s.metrics.withheld.WithLabelValues(st.name, string(reasons[0])).Inc()
		return reasons[0]
	}
	if err == nil {
		ev.Receipt, err = s.random.receipt(receiptOpen, now)
	}
	if err != nil {
		s.log.Error("an opened e-mail was not counted", "error", err)
		why = collector.ReasonInternal
	} else {
		bound, cancel := context.WithTimeout(s.ctx, openBound)
		why = s.makeDurableWithin(bound, st, []collector.Event{ev})
		cancel()
	}
	if why != "" {
		s.noteRefused(st.name, why, 1)
	}
	return why
}

// openEvent is the event of an open, whoever fetched the picture.
func (st *site) openEvent(t openToken, now time.Time) collector.Event {
	ev := collector.Event{
		Site: st.name, Name: collector.EventEmailOpen, Origin: collector.OriginEmail, Channel: collector.ChannelEmail,
		OccurredAt: now, ReceivedAt: now, Properties: map[string]any{propertyMessage: t.Message},
	}
	if t.Campaign != "" {
		ev.Properties[propertyCampaign] = t.Campaign
	}
	if t.Kind == collector.SubjectCustomer {
		ev.Customer = t.ID
	} else {
		ev.Visitor = t.ID
	}
	return ev
}

// tellFetch completes an event by who fetched. What a proxy says of itself, its place
// among it, is not the person's and stays out: the place is unknown then.
func (s *Server) tellFetch(ctx *fasthttp.RequestCtx, st *site, ev *collector.Event, t openToken) {
	h := &ctx.Request.Header
	addr := s.clientAddr(ctx)
	f := fetch{
		head: ctx.IsHead(), userAgent: string(h.UserAgent()), addr: addr,
		age: ev.ReceivedAt.Sub(fromMillis(t.Sent)), sent: t.Sent != 0,
	}
	by := f.prefetched()
	ev.ID = st.opens.id(t, by != "")
	ev.Properties[propertyPrefetched] = by != ""
	if by != "" {
		ev.Properties[propertyPrefetchReason] = by
		return
	}
	ev.Signals = collector.Signals{GPC: privacySignal(h)}
	ev.Client = s.client(h, addr)
}

// An openRequest is the body of POST /v1/{site}/open-link, by which a site's back end
// asks for the picture of one e-mail to one person.
//
//	{"customer":"c42","message":"news-2026-11","campaign":"autumn","sent_at":"2026-11-25T10:00:00Z"}
//	→  {"url":"https://shop.example/mk/shop/open.gif?t=…","expires_at":"2027-02-23T10:00:00Z"}
type openRequest struct {
	Customer string    `json:"customer"`
	Visitor  string    `json:"visitor"`
	Message  string    `json:"message"`
	Campaign string    `json:"campaign"`
	SentAt   time.Time `json:"sent_at"`
}

// openLink makes the address of a picture.
func (s *Server) openLink(ctx *fasthttp.RequestCtx, st *site) collector.Reason {
	var r openRequest
	if why := st.linkRequest(ctx, &r); why != "" {
		return why
	}
	m := Mailing{Who: collector.Visitor(st.name, r.Visitor), Message: r.Message, Campaign: r.Campaign, SentAt: r.SentAt}
	if r.Customer != "" {
		m.Who = collector.Customer(st.name, r.Customer)
	}
	if why := m.fault(); why != "" {
		return why
	}
	until := s.now().Add(OpenAge).Truncate(time.Second)
	address, err := OpenAddress(st.tokenKey, st.opens.Base, st.prefix, m, until)
	return s.answerLink(ctx, address, until, err)
}
