package codec

import (
	"time"

	"matchkey/collector"
)

// The tables. A number keeps its meaning for good; a field that goes leaves its
// number unused, and one that comes takes the next. words_test.go finds a field of
// a word that has no line here.

// Short names, so that a field is one line.
type (
	event      = collector.Event
	client     = collector.Client
	geo        = collector.Geo
	hints      = collector.Hints
	identifier = collector.Identifier
	session    = collector.SessionStart
	answer     = collector.ConsentAnswer
	record     = collector.ConsentRecord
	delivery   = collector.Delivery
	decision   = collector.Decision
	verdict    = collector.Verdict
	alarm      = collector.Alarm
	mappedKind = collector.MappedKind
	sentField  = collector.Field
	tenure     = collector.Tenure
)

var events = newMessage(
	text(1, func(e *event) *string { return &e.ID }),
	text(2, func(e *event) *string { return &e.Site }),
	text(3, func(e *event) *string { return &e.Name }),
	text(4, func(e *event) *collector.Origin { return &e.Origin }),
	text(5, func(e *event) *collector.Channel { return &e.Channel }),
	text(6, func(e *event) *string { return &e.Receipt }),
	instant(7, func(e *event) *time.Time { return &e.OccurredAt }),
	instant(8, func(e *event) *time.Time { return &e.ReceivedAt }),
	text(9, func(e *event) *string { return &e.Visitor }),
	text(10, func(e *event) *string { return &e.Customer }),
	text(11, func(e *event) *string { return &e.Session }),
	text(12, func(e *event) *string { return &e.PageView }),
	part(13, clients, func(e *event) *client { return &e.Client }),
	text(14, func(e *event) *string { return &e.URL }),
	text(15, func(e *event) *string { return &e.Referrer }),
	parts(16, identifiers, func(e *event) *[]identifier { return &e.Identifiers }),
	values(17, func(e *event) *map[string]any { return &e.Properties }),
	values(18, func(e *event) *map[string]map[string]any { return &e.Integrations }),
	optional(19, answers, func(e *event) **answer { return &e.Consent }),
	part(20, signals, func(e *event) *collector.Signals { return &e.Signals }),
	texts(21, func(e *event) *[]collector.Reason { return &e.Withheld }),
	parts(22, notes, func(e *event) *[]collector.Note { return &e.Notes }),
)

var clients = newMessage(
	text(1, func(c *client) *string { return &c.IP }),
	text(2, func(c *client) *string { return &c.UserAgent }),
	part(3, hintses, func(c *client) *hints { return &c.Hints }),
	text(4, func(c *client) *string { return &c.Locale }),
	part(5, geos, func(c *client) *geo { return &c.Geo }),
)

var hintses = newMessage(
	text(1, func(h *hints) *string { return &h.Brands }),
	text(2, func(h *hints) *string { return &h.Platform }),
	text(3, func(h *hints) *string { return &h.Mobile }),
)

var geos = newMessage(
	text(1, func(g *geo) *string { return &g.Country }),
	text(2, func(g *geo) *string { return &g.Region }),
	text(3, func(g *geo) *string { return &g.Source }),
	flag(4, func(g *geo) *bool { return &g.Conflict }),
)

var signals = newMessage(
	flag(1, func(s *collector.Signals) *bool { return &s.GPC }),
)

var notes = newMessage(
	text(1, func(n *collector.Note) *string { return &n.Field }),
	text(2, func(n *collector.Note) *collector.Reason { return &n.Reason }),
)

var identifiers = newMessage(
	text(1, func(i *identifier) *collector.Kind { return &i.Kind }),
	text(2, func(i *identifier) *string { return &i.Value }),
	instant(3, func(i *identifier) *time.Time { return &i.FirstAt }),
	instant(4, func(i *identifier) *time.Time { return &i.LastAt }),
	text(5, func(i *identifier) *string { return &i.Receipt }),
	text(6, func(i *identifier) *string { return &i.Event }),
	text(7, func(i *identifier) *string { return &i.How }),
)

var answers = newMessage(
	text(1, func(a *answer) *string { return &a.Action }),
	texts(2, func(a *answer) *[]string { return &a.Categories }),
	instant(3, func(a *answer) *time.Time { return &a.At }),
	instant(4, func(a *answer) *time.Time { return &a.ClaimedAt }),
	text(5, func(a *answer) *string { return &a.Notice }),
	text(6, func(a *answer) *string { return &a.Language }),
	text(7, func(a *answer) *string { return &a.Source }),
	flag(8, func(a *answer) *bool { return &a.Explicit }),
	flag(9, func(a *answer) *bool { return &a.InformedOfGPC }),
	instant(10, func(a *answer) *time.Time { return &a.Until }),
	text(11, func(a *answer) *string { return &a.ID }),
	text(12, func(a *answer) *string { return &a.Proof }),
	text(13, func(a *answer) *string { return &a.Regime }),
	text(14, func(a *answer) *string { return &a.Country }),
	text(15, func(a *answer) *string { return &a.Surface }),
)

var eventRecords = newMessage(
	part(1, events, func(r *collector.EventRecord) *event { return &r.Event }),
	number(2, func(r *collector.EventRecord) *collector.Offset { return &r.Offset }),
	parts(3, copies, func(r *collector.EventRecord) *[]collector.Copy { return &r.Copies }),
)

var copies = newMessage(
	text(1, func(c *collector.Copy) *collector.Origin { return &c.Origin }),
	text(2, func(c *collector.Copy) *string { return &c.Receipt }),
	instant(3, func(c *collector.Copy) *time.Time { return &c.ReceivedAt }),
	number(4, func(c *collector.Copy) *collector.Offset { return &c.Offset }),
)

var subjects = newMessage(
	text(1, func(s *collector.Subject) *string { return &s.Site }),
	text(2, func(s *collector.Subject) *collector.SubjectKind { return &s.Kind }),
	text(3, func(s *collector.Subject) *string { return &s.ID }),
)

var profiles = newMessage(
	part(1, subjects, func(p *collector.Profile) *collector.Subject { return &p.Subject }),
	parts(2, identifiers, func(p *collector.Profile) *[]identifier { return &p.Identifiers }),
	parts(3, sessions, func(p *collector.Profile) *[]session { return &p.Sessions }),
	part(4, pages, func(p *collector.Profile) *collector.PageSeen { return &p.Page }),
	instant(5, func(p *collector.Profile) *time.Time { return &p.FirstAt }),
	instant(6, func(p *collector.Profile) *time.Time { return &p.LastAt }),
	texts(7, func(p *collector.Profile) *[]string { return &p.Visitors }),
)

var sessions = newMessage(
	text(1, func(s *session) *string { return &s.ID }),
	instant(2, func(s *session) *time.Time { return &s.At }),
	part(3, clients, func(s *session) *client { return &s.Client }),
	text(4, func(s *session) *string { return &s.URL }),
	text(5, func(s *session) *string { return &s.Receipt }),
)

var pages = newMessage(
	text(1, func(p *collector.PageSeen) *string { return &p.URL }),
	instant(2, func(p *collector.PageSeen) *time.Time { return &p.At }),
	text(3, func(p *collector.PageSeen) *string { return &p.Receipt }),
)

var tenures = newMessage(
	text(1, func(t *tenure) *string { return &t.Customer }),
	number(2, func(t *tenure) *int { return &t.Generation }),
	instant(3, func(t *tenure) *time.Time { return &t.Since }),
	instant(4, func(t *tenure) *time.Time { return &t.AnswersFrom }),
	number(5, func(t *tenure) *collector.Offset { return &t.Began }),
	number(6, func(t *tenure) *collector.Offset { return &t.Offset }),
)

var owners = newMessage(
	part(1, tenures, func(o *collector.Owner) *tenure { return &o.Tenure }),
	parts(2, tenures, func(o *collector.Owner) *[]tenure { return &o.Earlier }),
)

var links = newMessage(
	text(1, func(l *collector.Link) *string { return &l.Site }),
	text(2, func(l *collector.Link) *string { return &l.Visitor }),
	text(3, func(l *collector.Link) *string { return &l.Customer }),
	instant(4, func(l *collector.Link) *time.Time { return &l.Since }),
	text(5, func(l *collector.Link) *string { return &l.Receipt }),
	number(6, func(l *collector.Link) *int { return &l.Generation }),
	number(7, func(l *collector.Link) *collector.Offset { return &l.Offset }),
)

var records = newMessage(
	text(1, func(r *record) *string { return &r.ID }),
	part(2, subjects, func(r *record) *collector.Subject { return &r.Subject }),
	text(3, func(r *record) *string { return &r.Purpose }),
	text(4, func(r *record) *string { return &r.Action }),
	instant(5, func(r *record) *time.Time { return &r.At }),
	instant(6, func(r *record) *time.Time { return &r.ReceivedAt }),
	instant(7, func(r *record) *time.Time { return &r.Until }),
	flag(8, func(r *record) *bool { return &r.Explicit }),
	text(9, func(r *record) *string { return &r.Notice }),
	number(10, func(r *record) *int { return &r.NoticeEpoch }),
	text(11, func(r *record) *string { return &r.Language }),
	texts(12, func(r *record) *[]string { return &r.Recipients }),
	text(13, func(r *record) *string { return &r.Source }),
	text(14, func(r *record) *string { return &r.PageView }),
	flag(15, func(r *record) *bool { return &r.InformedOfGPC }),
	text(16, func(r *record) *string { return &r.Receipt }),
	number(17, func(r *record) *collector.Offset { return &r.Seq }),
	text(18, func(r *record) *string { return &r.Proof }),
	text(19, func(r *record) *string { return &r.Regime }),
	text(20, func(r *record) *string { return &r.Country }),
	text(21, func(r *record) *string { return &r.Surface }),
)

var deliveries = newMessage(
	part(1, deliveryKeys, func(d *delivery) *collector.DeliveryKey { return &d.Key }),
	text(2, func(d *delivery) *string { return &d.Scenario }),
	text(3, func(d *delivery) *string { return &d.EventName }),
	instant(4, func(d *delivery) *time.Time { return &d.OccurredAt }),
	instant(5, func(d *delivery) *time.Time { return &d.MatchedAt }),
	part(6, subjects, func(d *delivery) *collector.Subject { return &d.Person }),
	text(7, func(d *delivery) *string { return &d.Category }),
	texts(8, func(d *delivery) *[]string { return &d.Purposes }),
	values(9, func(d *delivery) *map[string]any { return &d.Properties }),
	text(10, func(d *delivery) *collector.State { return &d.State }),
	texts(11, func(d *delivery) *[]collector.Reason { return &d.Reasons }),
	text(12, func(d *delivery) *string { return &d.Detail }),
	instant(13, func(d *delivery) *time.Time { return &d.MovedAt }),
	instant(14, func(d *delivery) *time.Time { return &d.DueAt }),
	instant(15, func(d *delivery) *time.Time { return &d.WaitUntil }),
	instant(16, func(d *delivery) *time.Time { return &d.ExpiresAt }),
	text(17, func(d *delivery) *collector.Reason { return &d.ExpiresWhy }),
	part(18, leases, func(d *delivery) *collector.Lease { return &d.Lease }),
	instant(19, func(d *delivery) *time.Time { return &d.LookAt }),
	parts(20, attempts, func(d *delivery) *[]collector.Attempt { return &d.Attempts }),
	number(21, func(d *delivery) *int { return &d.Tries }),
	number(22, func(d *delivery) *int { return &d.Doubts }),
	number(23, func(d *delivery) *int { return &d.Unanswered }),
	part(24, decisions, func(d *delivery) *decision { return &d.Decision }),
	part(25, payloads, func(d *delivery) *collector.Payload { return &d.Payload }),
	part(26, mappings, func(d *delivery) *collector.Mapping { return &d.Mapping }),
	instant(27, func(d *delivery) *time.Time { return &d.NotBefore }),
	flag(28, func(d *delivery) *bool { return &d.Counts }),
)

var mappings = newMessage(
	parts(1, mappedKinds, func(m *collector.Mapping) *[]mappedKind { return &m.Kinds }),
	texts(2, func(m *collector.Mapping) *[]string { return &m.Properties }),
)

var mappedKinds = newMessage(
	text(1, func(k *mappedKind) *collector.Kind { return &k.Kind }),
	parts(2, identifiers, func(k *mappedKind) *[]identifier { return &k.Values }),
	text(3, func(k *mappedKind) *collector.Reason { return &k.Why }),
)

var deliveryKeys = newMessage(
	text(1, func(k *collector.DeliveryKey) *string { return &k.Site }),
	text(2, func(k *collector.DeliveryKey) *string { return &k.Destination }),
	text(3, func(k *collector.DeliveryKey) *string { return &k.Send }),
	text(4, func(k *collector.DeliveryKey) *string { return &k.EventID }),
)

var leases = newMessage(
	text(1, func(l *collector.Lease) *string { return &l.ID }),
	instant(2, func(l *collector.Lease) *time.Time { return &l.Until }),
)

var attempts = newMessage(
	instant(1, func(a *collector.Attempt) *time.Time { return &a.At }),
	instant(2, func(a *collector.Attempt) *time.Time { return &a.EndedAt }),
	part(3, verdicts, func(a *collector.Attempt) *verdict { return &a.Verdict }),
)

var verdicts = newMessage(
	text(1, func(v *verdict) *collector.Ruling { return &v.Ruling }),
	flag(2, func(v *verdict) *bool { return &v.Doubtful }),
	flag(3, func(v *verdict) *bool { return &v.Unsent }),
	text(4, func(v *verdict) *collector.Reason { return &v.Reason }),
	text(5, func(v *verdict) *string { return &v.Detail }),
	number(6, func(v *verdict) *int { return &v.Status }),
	number(7, func(v *verdict) *int { return &v.Code }),
	number(8, func(v *verdict) *int { return &v.Subcode }),
	text(9, func(v *verdict) *string { return &v.Trace }),
	part(10, usages, func(v *verdict) *collector.Usage { return &v.Usage }),
	optional(11, alarms, func(v *verdict) **alarm { return &v.Alarm }),
)

var usages = newMessage(
	number(1, func(u *collector.Usage) *int { return &u.Percent }),
	number(2, func(u *collector.Usage) *int { return &u.RegainSeconds }),
	text(3, func(u *collector.Usage) *string { return &u.Said }),
)

var alarms = newMessage(
	text(1, func(a *alarm) *collector.Reason { return &a.Reason }),
	text(2, func(a *alarm) *string { return &a.Detail }),
	instant(3, func(a *alarm) *time.Time { return &a.At }),
)

var decisions = newMessage(
	text(1, func(d *decision) *collector.Outcome { return &d.Outcome }),
	texts(2, func(d *decision) *[]collector.Reason { return &d.Reasons }),
	text(3, func(d *decision) *string { return &d.Regime }),
	texts(4, func(d *decision) *[]collector.Kind { return &d.Strip }),
	flag(5, func(d *decision) *bool { return &d.AttributionOnly }),
	optional(6, limits, func(d *decision) **collector.LimitedUse { return &d.LimitedUse }),
	instant(7, func(d *decision) *time.Time { return &d.RetryAt }),
	texts(8, func(d *decision) *[]string { return &d.Records }),
	text(9, func(d *decision) *string { return &d.Policy }),
)

var limits = newMessage(
	flag(1, func(l *collector.LimitedUse) *bool { return &l.Applies }),
	number(2, func(l *collector.LimitedUse) *int { return &l.Country }),
	number(3, func(l *collector.LimitedUse) *int { return &l.State }),
)

var payloads = newMessage(
	data(1, func(p *collector.Payload) *[]byte { return &p.Body }),
	parts(2, sentFields, func(p *collector.Payload) *[]sentField { return &p.Fields }),
	instant(3, func(p *collector.Payload) *time.Time { return &p.GoodUntil }),
)

var sentFields = newMessage(
	text(1, func(f *sentField) *string { return &f.Path }),
	text(2, func(f *sentField) *collector.Kind { return &f.Kind }),
	text(3, func(f *sentField) *string { return &f.Shown }),
	text(4, func(f *sentField) *string { return &f.Receipt }),
	text(5, func(f *sentField) *string { return &f.Event }),
	text(6, func(f *sentField) *string { return &f.From }),
	instant(7, func(f *sentField) *time.Time { return &f.At }),
	text(8, func(f *sentField) *string { return &f.How }),
	text(9, func(f *sentField) *collector.Reason { return &f.Dropped }),
)

// customers is a customer's name by itself: the link from the browser's side.
var customers = newMessage(
	text(1, func(s *string) *string { return s }),
)
