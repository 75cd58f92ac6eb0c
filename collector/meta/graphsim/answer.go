package graphsim

// How answers look on the wire: the success and the error envelope of capi.md
// § 6.2 and § 6.3, the usage headers of § 6.6, and the pages that proxies put
// in their place.

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// answer is a response before it is written. cut: there is none, the
// connection is closed instead.
type answer struct {
	status        int
	code, subcode int // what the body says, for the record
	header        http.Header
	body          []byte
	cut           bool
}

func (a answer) write(w http.ResponseWriter) {
	if a.cut {
		panic(http.ErrAbortHandler)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the sender may have gone: nothing to do about it
}

// usage is what the rate-limit headers say.
type usage struct {
	percent int
	minutes int // until access is regained
}

const calm = 3 // percent, when the script says nothing

// newHeader are the headers that every answer of the API has. Meta sends no
// Retry-After (§ 6.6), so neither do we.
func newHeader(dataset string, u usage) http.Header {
	h := http.Header{}
	h.Set("Content-Type", "application/json; charset=UTF-8")
	h.Set("Cache-Control", "private, no-store")
	p := strconv.Itoa(u.percent)
	h.Set("X-App-Usage", `{"call_count":`+p+`,"total_cputime":1,"total_time":1}`)
	h.Set("X-Business-Use-Case-Usage", fmt.Sprintf(
		`{%q:[{"type":"ads_management","call_count":%d,"total_cputime":1,"total_time":1,"estimated_time_to_regain_access":%d}]}`,
		dataset, u.percent, u.minutes))
	return h
}

type successBody struct {
	EventsReceived int      `json:"events_received"`
	Messages       []string `json:"messages"`
	TraceID        string   `json:"fbtrace_id"`
}

func accepted(received int, trace string, h http.Header) answer {
	return answer{status: http.StatusOK, header: h, body: encode(successBody{received, []string{}, trace})}
}

type errorBody struct {
	Error errorDetail `json:"error"`
}

type errorDetail struct {
	Message   string `json:"message"`
	Type      string `json:"type"`
	Code      int    `json:"code"`
	Subcode   int    `json:"error_subcode,omitzero"`
	Transient *bool  `json:"is_transient,omitzero"`
	Title     string `json:"error_user_title,omitzero"`
	UserMsg   string `json:"error_user_msg,omitzero"`
	TraceID   string `json:"fbtrace_id"`
	Data      any    `json:"error_data,omitzero"` // an object, or that object as a string
}

type blamed struct {
	Fields [][]string `json:"blame_field_specs"`
}

// refused dresses a refusal. nth counts refusals: every second one is in
// French, and of every four two have error_data as a string, so that a reader
// who branches on either is found out.
func refused(f *refusal, nth int, trace string, h http.Header) answer {
	d := errorDetail{Message: f.why, Type: f.kind, Code: f.code, Subcode: f.subcode, TraceID: trace}
	if f.index >= 0 {
		french := nth%2 == 1
		d.Message = "Invalid parameter"
		d.Transient = new(bool)
		d.Title = f.title(french)
		d.UserMsg = f.why + " At " + f.blame() + "."
		if french {
			d.UserMsg = "Le paramètre " + f.blame() + " n’est pas accepté."
		}
		data := blamed{[][]string{f.fields()}}
		d.Data = data
		if nth%4 >= 2 {
			d.Data = string(encode(data))
		}
	}
	if f.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `OAuth "Facebook Platform" "invalid_token" "`+f.why+`"`)
	}
	return answer{status: f.status, code: f.code, subcode: f.subcode, header: h, body: encode(errorBody{d})}
}

// page is what a proxy in front of the API answers.
func page(status, size int) answer {
	h := http.Header{}
	h.Set("Content-Type", "text/html; charset=utf-8")
	text := fmt.Sprintf("<!DOCTYPE html>\n<html><head><title>%d %s</title></head><body><h1>Sorry, something went wrong.</h1>\n",
		status, http.StatusText(status))
	const end = "</body></html>\n"
	if fill := size - len(text) - len(end); fill > 0 {
		text += strings.Repeat("<br>", fill/4) + strings.Repeat("\n", fill%4)
	}
	return answer{status: status, header: h, body: []byte(text + end)}
}

// traceID is "A" and 22 characters, as Meta's are; ours follow from the number
// of the request.
func traceID(request int) string {
	sum := sha256.Sum256([]byte("graphsim " + strconv.Itoa(request)))
	return "A" + base64.RawURLEncoding.EncodeToString(sum[:])[:22]
}

// encode cannot fail on what it is given here.
func encode(v any) []byte {
	b, err := json.Marshal(v, jsontext.AllowInvalidUTF8(true), json.Deterministic(true))
	if err != nil {
		panic(fmt.Sprintf("BUG: graphsim cannot encode its own answer: %v", err))
	}
	return b
}
