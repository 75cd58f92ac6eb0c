package graphsim

// One request to the API from arrival to answer. What Meta checks of the
// request as a whole stands in authorise.go, the inspection of tokens in
// inspect.go, and what is checked of each event in event.go.

import (
	"bytes"
	"cmp"
	"errors"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
)

// exchange is one request on its way through.
type exchange struct {
	sim    *Sim
	r      *http.Request
	body   []byte
	steps  []string // of the path
	record Request

	// The script's fault for it, and the event that it held for, or -1.
	fault Fault
	event int

	// What read finds, whatever is answered: it has left the sender's house.
	top        object // of the body
	data       []jsontext.Value
	trees      []map[string]any // the events, decoded; nil for what is no object
	unreadable *refusal
	token      string // as it was presented
	input      string // the token to inspect
	leaks      []string
	personal   []Finding
}

func (s *Sim) graph(w http.ResponseWriter, r *http.Request) {
	// The body is read first, whatever follows: only then does net/http notice
	// a sender that gives up.
	var body bytes.Buffer
	body.Grow(int(min(max(r.ContentLength, 0), maxBody)) + bytes.MinRead)
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody))
	x := &exchange{sim: s, r: r, body: body.Bytes(), steps: stepsOf(r.URL.Path), event: -1}
	x.open()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		x.close(page(http.StatusRequestEntityTooLarge, 0)).write(w)
	case err != nil:
		x.close(answer{end: endCut}).write(w)
	default:
		x.close(x.answer()).write(w)
	}
}

// open gives the request its number and its time.
func (x *exchange) open() {
	s := x.sim
	x.record = Request{At: s.now(), Method: x.r.Method, Path: x.r.URL.Path, Bytes: len(x.body)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	x.record.Number = s.seq
}

// takeFault takes the script's fault for the request, now that it is read.
func (x *exchange) takeFault() {
	r := scripted{edge: edgeEvents, data: x.data}
	if x.inspects() {
		r.edge = edgeInspection
	} else if len(x.steps) > 1 {
		r.dataset = x.steps[len(x.steps)-2]
	}
	s := x.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	f, event := s.script.next(&r)
	x.record.Fault = f.Kind
	x.fault, x.event = f.filled(), event
}

// answer lets the request happen, or the fault, or both, and takes its time.
func (x *exchange) answer() answer {
	x.read()
	x.takeFault()
	a := x.outcome()
	d := x.sim.latency
	if x.fault.Kind != FaultHang {
		d += x.fault.late()
	}
	if d > 0 {
		x.sim.wait(x.r.Context(), d)
	}
	return a
}

func (x *exchange) outcome() answer {
	f := x.fault
	if f.Kind == FaultHang && !f.Accept && !x.hang() {
		return answer{end: endCut}
	}
	j := judgement{header: newHeader("0", f.usage())}
	if f.reaches() {
		j = x.judge()
		if j.refusal == nil {
			x.accept(j.events)
		}
	}
	if f.Kind == FaultHang && f.Accept && !x.hang() {
		return answer{end: endCut}
	}
	trace := traceID(x.record.Number)
	switch {
	case f.answers():
		return f.answer(x.sim.countNo(), x.event, trace, j.header)
	case j.refusal != nil:
		x.record.Blame, x.record.Why = j.refusal.blame(), j.refusal.why
		return refused(j.refusal, x.sim.countNo(), trace, j.header)
	case j.inspection != nil:
		return x.bend(answer{status: http.StatusOK, header: j.header, body: j.inspection})
	}
	return x.bend(accepted(x.received(len(j.events)), trace, j.header))
}

// received is what events_received says of n events.
func (x *exchange) received(n int) *int {
	switch x.fault.Kind {
	case FaultWrongCount:
		n += cmp.Or(x.fault.By, -1)
	case FaultZeroCount:
		n = 0
	case FaultNoCount:
		return nil
	}
	return &n
}

// bend does to a success what the fault does to it.
func (x *exchange) bend(a answer) answer {
	switch f := x.fault; f.Kind {
	case FaultStatus:
		a.status = cmp.Or(f.Status, http.StatusInternalServerError)
	case FaultTruncate:
		a.body = a.body[:len(a.body)/2]
	default:
		a.end = f.ending()
	}
	return a
}

// hang waits as the fault says and reports whether to go on; false: the sender
// has given up, the Sim is closed, or nothing was to follow.
func (x *exchange) hang() bool {
	return x.sim.wait(x.r.Context(), x.fault.late()) && !x.fault.Cut
}

func (s *Sim) countNo() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noes++
	return s.noes - 1
}

// accept records all events of the request and tells the observer.
func (x *exchange) accept(events []Received) {
	s := x.sim
	s.mu.Lock()
	for _, e := range events {
		s.books.event(e, len(e.Raw))
	}
	s.mu.Unlock()
	x.record.Recorded = len(events)
	if s.onEvent != nil {
		for _, e := range events {
			s.onEvent(e)
		}
	}
}

// read reads what can be read of any request: the events in it, the token, and
// where either should not have been.
func (x *exchange) read() {
	if x.inspects() {
		x.readInspection()
		return
	}
	if x.top, x.unreadable = x.readBody(); x.unreadable == nil {
		x.data, x.unreadable = eventsOf(x.top)
	}
	x.findToken()
	x.record.Events = len(x.data)
	x.record.TestEventCode, _ = text(x.top.get("test_event_code"))
	x.record.PartnerAgent, _ = text(x.top.get("partner_agent"))
	x.trees = make([]map[string]any, len(x.data))
	for i, raw := range x.data {
		x.trees[i], _ = anything(raw).(map[string]any)
		x.personal = append(x.personal, findPersonal(x.trees[i], x.record, i)...)
	}
}

// close writes the request down and passes the answer on.
func (x *exchange) close(a answer) answer {
	x.record.Status, x.record.Code, x.record.Subcode = a.status, a.code, a.subcode
	x.record.Headers = blotHeaders(x.r.Header, x.token, x.input, x.sim.token, x.sim.appSecret)
	x.record.Path = blot(x.record.Path, x.token, x.input, x.sim.token, x.sim.appSecret)
	leaks := make([]Leak, len(x.leaks))
	for i, where := range x.leaks {
		leaks[i] = Leak{Request: x.record.Number, At: x.record.At, Where: where}
	}
	s := x.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	if x.inspects() {
		s.books.check(x.record)
	} else {
		s.books.request(x.record)
	}
	s.books.report(leaks, x.personal)
	return a
}

// judgement is what Meta makes of a request: events or an inspection, or a
// refusal.
type judgement struct {
	events     []Received
	inspection []byte
	refusal    *refusal
	header     http.Header
}

// judge checks what Meta checks, in this order: path and version, method,
// token, dataset, permission, body, then each event; the first fault refuses
// everything. So a token can be tried with an empty list of events.
func (x *exchange) judge() judgement {
	if x.inspects() {
		return x.inspect()
	}
	j := judgement{header: newHeader("0", x.fault.usage())}
	version, dataset, f := x.route()
	if f == nil {
		f = x.authenticate()
	}
	if f == nil {
		f = x.authorise(dataset)
	}
	if f != nil {
		j.refusal = f
		return j
	}
	j.header = x.versionHeader(newHeader(dataset, x.fault.usage()), version)
	if x.unreadable != nil {
		j.refusal = x.unreadable
		return j
	}
	j.events, j.refusal = x.checkAll(version, dataset)
	return j
}

func (x *exchange) checkAll(version, dataset string) ([]Received, *refusal) {
	events := make([]Received, 0, len(x.data))
	ofRequest := diagnoseRequest(x.record)
	for i, raw := range x.data {
		e, f := checkEvent(raw, x.trees[i], x.record.At)
		if f != nil {
			f.index = i
			return nil, f
		}
		e.Request, e.At, e.Source = x.record.Number, x.record.At, Server
		e.Version, e.Dataset = version, dataset
		e.TestEventCode = x.record.TestEventCode
		e.Diagnostics = append(e.Diagnostics, ofRequest...)
		events = append(events, e)
	}
	return events, nil
}
