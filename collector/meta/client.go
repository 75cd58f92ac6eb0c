package meta

// One request to Graph: how its body is put together, and whether it left us.

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/go-json-experiment/json/jsontext"

	"matchkey/collector"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 1 << 20

// head stands before the events of a request.
const head = `{"data":[`

// envelope returns what stands after the events: Meta's request-level keys
// (capi.md § 1.6). The proof of the app's secret is one of them, as in Meta's own
// Node SDK; that copies in a body were ignored is known of form bodies only
// (§ 1.4), and a URL would carry it into the logs of proxies.
func envelope(proof, partnerAgent, testEventCode string) []byte {
	tail := []byte(`]`)
	add := func(key, value string) {
		if value != "" {
			text, err := jsontext.AppendQuote(nil, value)
			if err != nil {
				panic("BUG: " + key + " was not checked")
			}
			tail = append(append(append(append(tail, `,"`...), key...), `":`...), text...)
		}
	}
	add("appsecret_proof", proof)
	add("partner_agent", partnerAgent)
	add("test_event_code", testEventCode)
	return append(tail, '}')
}

// splice puts the bodies to the letter into one request's body, in pieces: a full
// batch is more than a megabyte, and need not be there twice.
func (d *Destination) splice(parcels []collector.Parcel, which []int) [][]byte {
	pieces := append(make([][]byte, 0, 2*len(which)+2), []byte(head))
	for n, i := range which {
		if n > 0 {
			pieces = append(pieces, comma)
		}
		pieces = append(pieces, parcels[i].Body)
	}
	return append(pieces, d.tail())
}

var comma = []byte{','}

// isEvent reports whether a body is one JSON object: anything else would spoil
// or change the request it is spliced into. A name that is there twice does
// neither, and looking for one cost as much as all else of Send.
func isEvent(body []byte) bool {
	v := jsontext.Value(body)
	return v.Kind() == '{' && v.IsValid(jsontext.AllowDuplicateNames(true))
}

// What a request's body is.
const (
	jsonBody = "application/json"
	formBody = "application/x-www-form-urlencoded"
)

// post makes one request. It goes through the transport and not a client, so no
// redirect is followed and no cookie kept. The token is in the Authorization
// header alone: a URL ends up in the logs of proxies (capi.md § 1.3).
func (d *Destination) post(ctx context.Context, address, kind string, body ...[]byte) answer {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	var left departure
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: left.wroteRequest})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, left.reader(body))
	if err != nil {
		return answer{err: errors.New("the request cannot be made; check the base URL")}
	}
	for _, piece := range body {
		req.ContentLength += int64(len(piece))
	}
	req.GetBody = func() (io.ReadCloser, error) { return left.reader(body), nil }
	token := d.token()
	req.Header.Set("Authorization", token.authorization())
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "matchkey")

	resp, err := d.transport.RoundTrip(req)
	if err != nil {
		return answer{err: errors.New(token.redact(err.Error())), written: left.whole()}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	cut := err != nil || len(text) > maxAnswer
	// An answer that quotes the token would carry it into a verdict.
	text = bytes.ReplaceAll(text, []byte(string(token)), []byte(hiddenToken))
	return answer{status: resp.StatusCode, header: resp.Header, body: text, cut: cut}
}

// A departure knows whether a request has left us whole. It errs on the side of
// "yes": a body that the transport took completely may have been sent, unless
// the transport reports that writing it failed.
type departure struct {
	taken  atomic.Bool // the transport read the body to its end
	failed atomic.Bool // writing it failed
}

func (d *departure) whole() bool { return d.taken.Load() && !d.failed.Load() }

func (d *departure) wroteRequest(info httptrace.WroteRequestInfo) { d.failed.Store(info.Err != nil) }

// reader returns a reader of body's pieces for one try of the transport.
func (d *departure) reader(body [][]byte) io.ReadCloser {
	d.taken.Store(false)
	d.failed.Store(false)
	return io.NopCloser(&departingReader{body: body, d: d})
}

type departingReader struct {
	body [][]byte // from the piece that is read
	at   int      // in that piece
	d    *departure
}

func (r *departingReader) Read(p []byte) (n int, err error) {
	for n < len(p) && len(r.body) > 0 {
		piece := r.body[0][r.at:]
		copied := copy(p[n:], piece)
		n, r.at = n+copied, r.at+copied
		if copied == len(piece) {
			r.body, r.at = r.body[1:], 0
		}
	}
	if len(r.body) > 0 {
		return n, nil
	}
	r.d.taken.Store(true)
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}
