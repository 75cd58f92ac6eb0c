package edge

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"matchkey/collector"
)

// Global Privacy Control. A beacon under the signal is not kept, unless the person
// agreed after a word about it. Where it names somebody, the signal is also a
// refusal by them that is to be found later: the order that the shop's back end
// reports tomorrow carries no signal (11 CCR 7025(c): it counts for the known
// consumer as well). It can only refuse, and is recorded once a day.

// supportStatement is the site's word that the signal is honoured, in the form of
// the specification (W3C, Global Privacy Control § 4). lastUpdate is when this
// program's support last changed.
const supportStatement = `{"gpc": true, "lastUpdate": "2026-11-25"}`

// wellKnownGPC answers GET /.well-known/gpc.json.
func (s *Server) wellKnownGPC(ctx *fasthttp.RequestCtx, _ *site) collector.Reason {
	h := &ctx.Response.Header
	h.SetContentType("application/json")
	h.Set(fasthttp.HeaderCacheControl, "public, max-age=86400")
	h.Set(fasthttp.HeaderAccessControlAllowOrigin, "*")
	ctx.SetStatusCode(fasthttp.StatusOK)
	ctx.SetBodyString(supportStatement)
	return ""
}

// refuseBySignal is the event of a beacon's signal: the refusal of whom it names.
// ok is false when the signal is not why the beacon is not kept, when it names
// nobody or itself refuses, or when the same was recorded today.
func (s *Server) refuseBySignal(a *arrival, b *beacon, reasons []collector.Reason) (ev collector.Event, ok bool) {
	customer, _ := customerOf(b)
	visitor := a.visitor(b)
	switch {
	case !slices.Contains(reasons, collector.ReasonGPC), customer == "" && visitor == "":
		return ev, false
	case b.answer != nil && b.answer.Action != collector.ConsentAccept:
		return ev, false
	case s.signals.has(a.at, a.site.name, visitor, customer):
		return ev, false
	}
	said := collector.ConsentAnswer{Action: collector.ConsentReject, At: a.at, ClaimedAt: a.at, Source: collector.SourceGPC}
	ev = a.site.answerEvent(a.receipt+".gpc", a.receipt, a.at, said)
	ev.Origin, ev.Signals, ev.Withheld = collector.OriginBrowser, a.signals, reasons
	ev.Visitor, ev.Customer = visitor, customer
	return ev, true
}

// answerEvent is the event of an answer and of nothing else, under an id and the
// receipt of the request that brought it. Whom it is about is for the caller to say.
func (st *site) answerEvent(id, receipt string, at time.Time, said collector.ConsentAnswer) collector.Event {
	return collector.Event{
		ID: id, Site: st.name, Name: collector.EventConsent, Receipt: receipt,
		OccurredAt: at, ReceivedAt: at, Consent: &said,
	}
}

// daily remembers whose signal was recorded on the present day, in bounded memory:
// hashes, and when they become too many, none. The ledger itself passes over what it
// has, so forgetting costs a line in the journal and nothing else. Safe for
// concurrent use.
type daily struct {
	mu   sync.Mutex
	day  int64
	seen map[uint64]bool
}

// maxDaily bounds daily.seen; at 16 bytes an entry that is a few MB.
const maxDaily = 1 << 17

// has reports whether somebody's signal, given by the parts of their name, was
// recorded today.
func (d *daily) has(at time.Time, name ...string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.day == dayOf(at) && d.seen[nameHash(name)]
}

// add remembers that it was; call it when that is durable, and not before.
func (d *daily) add(at time.Time, name ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.day != dayOf(at) || len(d.seen) >= maxDaily {
		d.day, d.seen = dayOf(at), map[uint64]bool{}
	}
	d.seen[nameHash(name)] = true
}

func dayOf(at time.Time) int64 { return at.Unix() / (24 * 60 * 60) }

func nameHash(name []string) uint64 {
	sum := sha256.Sum256([]byte(strings.Join(name, "\n")))
	return binary.BigEndian.Uint64(sum[:])
}
