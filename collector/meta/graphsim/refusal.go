package graphsim

// Why a request is refused, as a value: the checks make refusals, answer.go
// dresses them as Meta does. A refusal never holds a value that was sent.

import (
	"strconv"
	"strings"
)

// Subcodes of code 100 that the checks give (capi.md § 6.5).
const (
	subObjectMissing    = 33 // or no permission: Meta does not say which
	subClickID          = 2804001
	subTooOld           = 2804003
	subInFuture         = 2804004
	subNoValue          = 2804009
	subNoCurrency       = 2804010
	subNotUsable        = 2804016 // a value that cannot be; also "not hashed"
	subStructure        = 2804019 // a key that is missing, unexpected or of the wrong type
	subLeadID           = 2804036
	subExtInfo          = 2804043
	subTooWeak          = 2804050
	subMessagingName    = 2804066
	subMessagingClickID = 2804087
)

// Error codes beside 100 that the checks give (§ 6.4; 2500 and 2635 are
// observations named in doc.go).
const (
	codePermission   = 10
	codeParameter    = 100
	codeToken        = 190
	codeNoPermission = 200
	codeAlias        = 803
	codePath         = 2500
	codeUnversioned  = 2635
)

// subTokenExpired is the subcode of code 190 for a token past its end (§ 6.4).
const subTokenExpired = 463

type refusal struct {
	status, code, subcode int
	kind                  string // Meta's "type"
	index                 int    // of the event; -1: the request as a whole
	path                  []string
	why                   string
}

// bad refuses an event with code 100. The path leads from the event to the
// field; the event's index is added by the caller who knows it.
func bad(subcode int, why string, path ...string) *refusal {
	return &refusal{status: 400, code: codeParameter, subcode: subcode, kind: oauth, path: path, why: why}
}

// badRequest refuses the request as a whole.
func badRequest(status, code int, why string) *refusal {
	return &refusal{status: status, code: code, kind: oauth, index: -1, why: why}
}

const (
	// oauth is what "type" says nearly always, also for throttling (§ 6.3).
	oauth = "OAuthException"
	// graphMethod is the exception, seen on 100/33.
	graphMethod = "GraphMethodException"
)

// under puts path in front of a nested refusal's path.
func (f *refusal) under(path ...string) *refusal {
	if f != nil {
		f.path = append(path, f.path...)
	}
	return f
}

// fields is the path from the top of the body, as blame_field_specs has it.
func (f *refusal) fields() []string {
	return append([]string{"data", strconv.Itoa(f.index)}, f.path...)
}

// blame is the same as a JSON path, in the way of Meta's own messages:
// $['data'][0]['user_data'] (facebook-nodejs-business-sdk#258). It is empty for
// the request as a whole.
func (f *refusal) blame() string {
	if f.index < 0 {
		return ""
	}
	var b strings.Builder
	b.WriteByte('$')
	for _, step := range f.fields() {
		if _, err := strconv.Atoi(step); err == nil {
			b.WriteString("[" + step + "]")
		} else {
			b.WriteString("['" + step + "']")
		}
	}
	return b.String()
}
