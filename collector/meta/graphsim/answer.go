package graphsim

// How answers look on the wire: the success and the error envelope of capi.md
// § 6.2 and § 6.3, the usage headers of § 6.6, and the pages that proxies put
// in their place.

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// answer is a response before it is written, and how the writing ends.
type answer struct {
	status        int // 0: there is no status line, or only half of one
	code, subcode int // what the body says, for the record
	header        http.Header
	body          []byte
	end           ending
}

// ending says how far an answer gets.
type ending int

const (
	endWhole     ending = iota
	endCut              // closed before the first byte
	endReset            // reset before the first byte
	endInHeaders        // closed within the headers
	endInBody           // closed within the body
)

// write writes the answer as far as it goes. A connection that it cannot take
// over, as in a test without one, is cut instead of reset.
func (a answer) write(w http.ResponseWriter) {
	switch a.end {
	case endCut:
		panic(http.ErrAbortHandler)
	case endReset, endInHeaders:
		a.breakOff(w)
		return
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	if a.end == endInBody {
		_, _ = w.Write(a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(a.body) // the sender may have gone: nothing to do about it
}

func (a answer) breakOff(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if a.end == endInHeaders {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json; cha")
	} else if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // closing then sends RST
	}
	_ = conn.Close()
}

// usage is what the rate-limit headers say.
type usage struct {
	percent int
	minutes int    // until access is regained
	header  string // the one that says so; "": the app's and the business's, "all", or "none"
	measure string // the field that holds the percentage
}

func (u usage) in(header string) bool {
	return u.header == header || u.header == "all" || u.header == "" && header != "ad_account"
}

// fields are the three measures of a header, of which one says the percentage.
func (u usage) fields() string {
	of := func(measure string) int {
		if measure == u.measure {
			return u.percent
		}
		return 1
	}
	return fmt.Sprintf(`"call_count":%d,"total_cputime":%d,"total_time":%d`, of("call_count"), of("total_cputime"), of("total_time"))
}

const calm = 3 // percent, when the script says nothing

// newHeader are the headers that every answer of the API has. Meta sends no
// Retry-After (§ 6.6), so neither do we.
func newHeader(dataset string, u usage) http.Header {
	h := http.Header{}
	h.Set("Content-Type", "application/json; charset=UTF-8")
	h.Set("Cache-Control", "private, no-store")
	if u.in("app") {
		h.Set("X-App-Usage", "{"+u.fields()+"}")
	}
	if u.in("business") {
		h.Set("X-Business-Use-Case-Usage", fmt.Sprintf(
			`{%q:[{"type":"ads_management",%s,"estimated_time_to_regain_access":%d}]}`, dataset, u.fields(), u.minutes))
	}
	if u.in("ad_account") {
		h.Set("X-Ad-Account-Usage", fmt.Sprintf(
			`{"acc_id_util_pct":%d,"reset_time_duration":%d,"ads_api_access_tier":"standard_access"}`, u.percent, 60*u.minutes))
	}
	return h
}

type successBody struct {
	EventsReceived *int     `json:"events_received,omitzero"`
	Messages       []string `json:"messages"`
	TraceID        string   `json:"fbtrace_id"`
}

// accepted says how many events were received; nil says nothing of it.
func accepted(received *int, trace string, h http.Header) answer {
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

// refused answers a refusal. nth counts refusals: every second one is in
// French, and of every four two have error_data as a string, so that a reader
// who branches on either is found out.
func refused(f *refusal, nth int, trace string, h http.Header) answer {
	d := errorDetail{Message: f.why, Type: f.kind, Code: f.code, Subcode: f.subcode, TraceID: trace}
	if f.index >= 0 {
		d.Message = "Invalid parameter"
		d.Transient = new(bool)
		dressing{languageOf(nth), dataFormOf(nth)}.put(&d, f)
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
