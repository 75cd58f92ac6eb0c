package graphsim

// The events edge: one request from arrival to answer. What Meta checks of the
// request as a whole stands here; what it checks of each event, in event.go.

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// exchange is one request to the events edge on its way through.
type exchange struct {
	sim    *Sim
	r      *http.Request
	body   []byte
	fault  Fault
	record Request

	// What read finds, whatever is answered: it has left the sender's house.
	data       []jsontext.Value
	unreadable *refusal
	token      string // as it was presented
	leaks      []string
	personal   []Finding
}

func (s *Sim) graph(w http.ResponseWriter, r *http.Request) {
	// The body is read first, whatever follows: only then does net/http notice
	// a sender that gives up.
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	x := &exchange{sim: s, r: r, body: body}
	x.open()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		x.close(page(http.StatusRequestEntityTooLarge, 0)).write(w)
	case err != nil:
		x.close(answer{cut: true}).write(w)
	default:
		x.close(x.answer()).write(w)
	}
}

// open gives the request its number and takes the fault that waits for it.
func (x *exchange) open() {
	s := x.sim
	at := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	x.fault = s.script.next()
	x.record = Request{
		Number: s.seq, At: at, Method: x.r.Method, Path: x.r.URL.Path,
		Bytes: len(x.body), Fault: x.fault.Kind,
	}
}

// answer lets the request happen, or the fault, or both.
func (x *exchange) answer() answer {
	x.read()
	f := x.fault
	if f.Kind == FaultHang && !f.Accept && !f.hang(x.r.Context().Done()) {
		return answer{cut: true}
	}
	j := judgement{header: newHeader("0", f.usage())}
	if f.reaches() {
		j = x.judge()
		if j.refusal == nil {
			x.accept(j.events)
		}
	}
	if f.Kind == FaultHang && f.Accept && !f.hang(x.r.Context().Done()) {
		return answer{cut: true}
	}
	trace := traceID(x.record.Number)
	switch {
	case f.answers():
		return f.answer(trace, j.header)
	case j.refusal != nil:
		x.record.Blame, x.record.Why = j.refusal.blame(), j.refusal.why
		return refused(j.refusal, x.sim.countNo(), trace, j.header)
	}
	n := len(j.events)
	if f.Kind == FaultWrongCount {
		n += orElse(f.By, -1)
	}
	a := accepted(n, trace, j.header)
	if f.Kind == FaultTruncate {
		a.body = a.body[:len(a.body)/2]
	}
	return a
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
	var body object
	if body, x.unreadable = x.readBody(); x.unreadable == nil {
		x.data, x.unreadable = eventsOf(body)
	}
	x.findToken(body)
	x.record.Events = len(x.data)
	x.record.TestEventCode, _ = text(body["test_event_code"])
	for i, raw := range x.data {
		x.personal = append(x.personal, findPersonal(raw, x.record, i)...)
	}
}

// close writes the request down and passes the answer on.
func (x *exchange) close(a answer) answer {
	x.record.Status, x.record.Code, x.record.Subcode = a.status, a.code, a.subcode
	x.record.Headers = blotHeaders(x.r.Header, x.token, x.sim.token)
	x.record.Path = blot(x.record.Path, x.token, x.sim.token)
	leaks := make([]Leak, len(x.leaks))
	for i, where := range x.leaks {
		leaks[i] = Leak{Request: x.record.Number, At: x.record.At, Where: where}
	}
	s := x.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books.request(x.record)
	s.books.report(leaks, x.personal)
	return a
}

// judgement is what Meta makes of a request: events, or a refusal.
type judgement struct {
	events  []Received
	refusal *refusal
	header  http.Header
}

// judge checks what Meta checks, in this order: path and version, method,
// token, dataset, body, then each event; the first fault refuses everything.
func (x *exchange) judge() judgement {
	j := judgement{header: newHeader("0", x.fault.usage())}
	version, dataset, f := x.route()
	if f != nil {
		j.refusal = f
		return j
	}
	if f := x.authorise(dataset); f != nil {
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
	for i, raw := range x.data {
		e, f := checkEvent(raw, x.record.At)
		if f != nil {
			f.index = i
			return nil, f
		}
		e.Request, e.At, e.Source = x.record.Number, x.record.At, Server
		e.Version, e.Dataset = version, dataset
		e.TestEventCode = x.record.TestEventCode
		if e.TestEventCode != "" {
			e.Diagnostics = append(e.Diagnostics, DiagTestEvent)
		}
		events = append(events, e)
	}
	return events, nil
}

// route reads /{version}/{dataset}/events.
func (x *exchange) route() (version, dataset string, f *refusal) {
	steps := strings.Split(strings.Trim(x.r.URL.Path, "/"), "/")
	if len(steps) == 2 && steps[1] == "events" {
		return "", "", badRequest(400, codeUnversioned,
			"(#2635) You are calling a deprecated version of the Ads API: the path has no version.")
	}
	if len(steps) != 3 || steps[2] != "events" || stateOfVersion(steps[0], x.record.At) == versionUnknown {
		return "", "", badRequest(400, codePath,
			"Unknown path components: only POST /{version}/{dataset}/events is here, with a version that was released.")
	}
	if x.r.Method != http.MethodPost {
		f := badRequest(400, codeParameter, "Unsupported request: the events edge only takes POST.")
		f.subcode, f.kind = subObjectMissing, graphMethod
		return "", "", f
	}
	return steps[0], steps[1], nil
}

// authorise checks the token, then whether the dataset is one it may use.
func (x *exchange) authorise(dataset string) *refusal {
	s := x.sim
	if x.token == "" || s.token != "" && x.token != s.token {
		return badRequest(http.StatusUnauthorized, codeToken, "Invalid OAuth access token - Cannot parse access token")
	}
	if !digits(dataset) {
		return badRequest(http.StatusNotFound, codeAlias, "(#803) Some of the aliases you requested do not exist")
	}
	if s.dataset != "" && dataset != s.dataset {
		f := badRequest(400, codeParameter, "Unsupported post request. The object does not exist, cannot be loaded due to"+
			" missing permissions, or does not support this operation")
		f.subcode, f.kind = subObjectMissing, graphMethod
		return f
	}
	return nil
}

// versionHeader says which version answered, and warns when it was not the one asked for.
func (x *exchange) versionHeader(h http.Header, version string) http.Header {
	if stateOfVersion(version, x.record.At) == versionDead || x.fault.Kind == FaultVersionWarning {
		h.Set("X-Ad-Api-Version-Warning", "The call has been auto-upgraded as "+version+" has been deprecated")
		for _, v := range apiVersions {
			if stateOfVersion(v.name, x.record.At) == versionAlive {
				version = v.name // the oldest that is alive
			}
		}
	}
	h.Set("Facebook-Api-Version", version)
	return h
}

// readBody reads the body's top level. Only JSON is read: form encodings, which
// Meta takes too, find no data here, as a JSON body with a form's content type
// finds none there.
func (x *exchange) readBody() (object, *refusal) {
	kind, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, badRequest(400, codeParameter, "(#100) The parameter data is required: this API reads application/json only.")
	}
	if enc := x.r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return nil, badRequest(400, codeParameter, "(#100) The body has a content encoding: whether Meta would read it is not documented.")
	}
	return parseBody(x.body)
}

// findToken takes the token from where Meta takes it, the header first, and
// reports every other place where it, or any token, stands.
func (x *exchange) findToken(body object) {
	scheme, bearer, _ := strings.Cut(x.r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		bearer = ""
	}
	inQuery := x.r.URL.Query().Get("access_token")
	inBody, _ := text(body["access_token"])
	for _, t := range []string{bearer, inQuery, inBody} {
		if x.token == "" {
			x.token = t
		}
	}
	secret := x.sim.token
	if secret == "" {
		secret = x.token
	}
	x.leaks = leaks(x.r, x.body, secret, inQuery != "", inBody != "")
	x.record.TokenOnlyInHeader = bearer != "" && (x.sim.token == "" || bearer == x.sim.token) && len(x.leaks) == 0
}

// digits reports whether s is made of 1 to 20 decimal digits, as Meta's ids are.
func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 20
}
