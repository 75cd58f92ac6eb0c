package meta

// The browser's end of the connection, and the page: always of one moment.

import (
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"matchkey/collector"
)

// maxUserAgent bounds a user agent in bytes.
const maxUserAgent = 2048

// A clientSeen is an address and a user agent that belong to one request, with
// where they were seen.
type clientSeen struct {
	client collector.Client
	field  collector.Field // receipt, event, from and at
	how    string
}

// client sets address and user agent as one consistent pair: the event's own,
// else, where a browser may stand behind the event, those of the person's last
// session start before the conversion. A pair of two different moments would
// name a browser that never existed there.
func (d *draft) client() {
	const ipPath, agentPath = "user_data.client_ip_address", "user_data.client_user_agent"
	if d.inMessenger() {
		d.dropped(ipPath, collector.KindIP, ReasonOtherChannel)
		d.dropped(agentPath, collector.KindUserAgent, ReasonOtherChannel)
		return
	}
	seen, why := d.clientPair()
	if !d.leftOut(ipPath, collector.KindIP) {
		d.address(ipPath, seen, why)
	}
	if !d.leftOut(agentPath, collector.KindUserAgent) {
		d.agent(agentPath, seen, why)
	}
}

// address and agent set one half each of what was seen; why is why nothing was.
func (d *draft) address(path string, seen clientSeen, why collector.Reason) {
	const kind = collector.KindIP
	seen, why = d.mappedClient(kind, seen, why)
	addr, reason := publicAddress(seen.client.IP)
	switch {
	case why != "":
		d.dropped(path, kind, why)
	case d.c.Decision.Strips(kind) && seen.client.IP != "":
		d.dropped(path, kind, stripReason(d.c.Decision, kind))
	case reason != "":
		d.dropped(path, kind, reason)
	default:
		d.event.UserData.IP = addr.String()
		d.sent(seen.as(path, kind, maskIP(addr)))
	}
}

func (d *draft) agent(path string, seen clientSeen, why collector.Reason) {
	const kind = collector.KindUserAgent
	seen, why = d.mappedClient(kind, seen, why)
	agent, reason := userAgent(seen.client.UserAgent)
	switch {
	case why != "":
		d.dropped(path, kind, why)
	case d.c.Decision.Strips(kind) && agent != "":
		d.dropped(path, kind, stripReason(d.c.Decision, kind))
	case reason != "":
		d.dropped(path, kind, reason)
	default:
		d.event.UserData.UserAgent = agent
		d.sent(seen.as(path, kind, agent))
	}
}

// mappedClient is what the scenario gives in place of one half of the pair that was
// seen, or the pair. Whoever maps one half answers for that the two belong together.
func (d *draft) mappedClient(kind collector.Kind, seen clientSeen, why collector.Reason) (clientSeen, collector.Reason) {
	mapped := d.c.Mapping.Of(kind)
	if mapped == nil || len(mapped.Values) == 0 {
		return seen, why
	}
	id := &mapped.Values[0]
	given := clientSeen{field: d.identified("", id, "", ""), how: id.How}
	if kind == collector.KindIP {
		given.client.IP = id.Value
	} else {
		given.client.UserAgent = id.Value
	}
	return given, ""
}

func (s *clientSeen) as(path string, kind collector.Kind, shown string) collector.Field {
	f := s.field
	f.Path, f.Kind, f.Shown, f.How = path, kind, shown, s.how
	return f
}

// clientPair finds the pair, or says why there is none.
func (d *draft) clientPair() (seen clientSeen, why collector.Reason) {
	e := &d.c.Event
	if e.Client.IP != "" || e.Client.UserAgent != "" {
		return clientSeen{e.Client, d.own("", "", "", ""), "of the event's own request"}, ""
	}
	if !byBrowser(e.Channel) {
		return seen, ReasonOtherChannel
	}
	if s, ok := d.c.Profile.SessionBefore(e.OccurredAt); ok {
		return clientSeen{s.Client, d.seenAt(s.Receipt, "session start", s.At), "of the last session start before the conversion"}, ""
	}
	if len(d.c.Profile.Sessions) > 0 {
		return seen, collector.ReasonAfterConversion
	}
	return seen, d.missing(collector.KindIP)
}

func (d *draft) seenAt(receipt, what string, at time.Time) collector.Field {
	return collector.Field{Receipt: receipt, From: d.from(receipt, what), At: at}
}

// special are networks that are not the Internet and that net/netip does not
// name: "this network", carrier-grade NAT, protocols' own, benchmarks, and what
// is reserved.
// The documentation's networks (203.0.113.0/24 …) are not among them: they harm
// nobody, and tests are written in them.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"),
}

// publicIPv6 is what is handed out of IPv6 so far.
var publicIPv6 = netip.MustParsePrefix("2000::/3")

// publicAddress reads an address that is worth sending: one of the Internet. A
// private one says nothing about the person (capi.md § 3.5).
func publicAddress(text string) (netip.Addr, collector.Reason) {
	if text == "" {
		return netip.Addr{}, collector.ReasonNeverSeen
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, collector.ReasonMalformed
	}
	a = a.Unmap()
	if a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() ||
		a.Is6() && !publicIPv6.Contains(a) {
		return netip.Addr{}, collector.ReasonPrivateAddress
	}
	for _, p := range special {
		if p.Contains(a) {
			return netip.Addr{}, collector.ReasonPrivateAddress
		}
	}
	return a, ""
}

func userAgent(text string) (string, collector.Reason) {
	text = trim(text)
	switch {
	case text == "":
		return "", collector.ReasonNeverSeen
	case len(text) > maxUserAgent || !utf8.ValidString(text),
		// Somebody hashed it, who should not have (capi.md § 13.21).
		(len(text) == 64 || len(text) == 32) && isHex(text),
		// or took the wrong field of a form.
		isEmail(strings.ToLower(text)):
		return "", collector.ReasonMalformed
	}
	return text, ""
}

// page sets event_source_url: the event's own page, else, where it may have
// happened on one, the page last seen before the conversion, else the page on
// which the session began.
func (d *draft) page() {
	const kind, path = collector.KindURL, "event_source_url"
	pages, why := d.pages()
	for i := range pages {
		p := &pages[i]
		if p.Shown == "" {
			continue
		}
		text, reason := sourceURL(p.Shown)
		if reason != "" {
			why = reason
			continue
		}
		if d.c.Decision.Strips(kind) {
			why = stripReason(d.c.Decision, kind)
			break
		}
		d.event.EventSourceURL = text
		p.Path, p.Kind, p.Shown = path, kind, text
		d.sent(*p)
		return
	}
	d.dropped(path, kind, why)
}

// pageSlack is how long after the conversion a page still belongs to it: the
// page that says thank you loads a moment after the order is placed, and is
// where the Pixel's copy comes from.
const pageSlack = time.Minute

// pages returns the candidates, with the address in Shown or an empty one, and
// why none of them will do if none does.
func (d *draft) pages() (pages [3]collector.Field, why collector.Reason) {
	e, p := &d.c.Event, &d.c.Profile
	pages[0] = d.own("", "", e.URL, "the event's own page")
	why = d.missing(collector.KindURL, "l") // the beacon's name of the page's address
	if !onPage(e.Channel) {
		return pages, why
	}
	if p.Page.URL != "" {
		if p.Page.At.After(e.OccurredAt.Add(pageSlack)) {
			why = collector.ReasonAfterConversion
		} else {
			pages[1] = d.seenAt(p.Page.Receipt, "page", p.Page.At)
			pages[1].Shown, pages[1].How = p.Page.URL, "the page last seen with the conversion"
		}
	}
	if s, ok := p.SessionBefore(e.OccurredAt); ok {
		pages[2] = d.seenAt(s.Receipt, "session start", s.At)
		pages[2].Shown, pages[2].How = s.URL, "the page on which the session began"
	}
	return pages, why
}

// referrer sets referrer_url: the page before the event's own, if one is known.
func (d *draft) referrer() {
	const kind, path = collector.KindURL, "referrer_url"
	if d.c.Event.Referrer == "" {
		return
	}
	text, why := sourceURL(d.c.Event.Referrer)
	if why == "" && d.c.Decision.Strips(kind) {
		why = stripReason(d.c.Decision, kind)
	}
	if why != "" {
		d.dropped(path, kind, why)
		return
	}
	d.event.ReferrerURL = text
	d.sent(d.own(path, kind, text, "origin and path"))
}

// sourceURL keeps origin and path of a web page. Query and fragment never
// travel (consent.md § 4.7), nor does a path that holds an e-mail address or a
// phone number.
func sourceURL(text string) (string, collector.Reason) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", collector.ReasonMalformed
	}
	clean := url.URL{Scheme: u.Scheme, Host: asciiHost(u.Host), Path: u.Path, RawPath: u.RawPath}
	if path := u.EscapedPath(); collector.HoldsEmail(path) || collector.HoldsPhone(path) {
		clean.Path, clean.RawPath = "/", ""
	}
	return clean.String(), ""
}

// asciiHost writes a host's name as the net does, xn--…: as text it would be
// percent-encoded, which is no name of anything.
func asciiHost(host string) string {
	if isASCII(host) {
		return host
	}
	name, port, _ := strings.Cut(host, ":") // not an IPv6 address: that is ASCII
	ascii, err := idna.Lookup.ToASCII(name)
	if err != nil {
		return host
	}
	if port != "" {
		ascii += ":" + port
	}
	return ascii
}
