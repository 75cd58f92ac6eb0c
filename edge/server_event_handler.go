package edge

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"mime"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/valyala/fasthttp"

	"matchkey/collector"
)

// A callAnswer is the body of a 202. Accepted, duplicates and rejected together
// are the events of the request.
type callAnswer struct {
	Accepted   int         `json:"accepted"`
	Duplicates int         `json:"duplicates"`
	Rejected   []rejection `json:"rejected"`
	// Notes say of answers that were taken what is doubtful about them.
	Notes []rejection `json:"notes,omitempty"`
	// DryRun: nothing was taken; it says what would be.
	DryRun bool `json:"dry_run,omitzero"`
}

// events takes what a site's back end posts. It gives no page leave to read the
// answer (no CORS): a write key has no place in a browser.
func (s *Server) events(ctx *fasthttp.RequestCtx, st *site) collector.Reason {
	return s.call(ctx, &call{site: st, at: s.now()}, false)
}

// consents takes answers of people that a site's back end posts, likewise. With
// ?dry_run=true it only says what would become of them.
func (s *Server) consents(ctx *fasthttp.RequestCtx, st *site) collector.Reason {
	return s.call(ctx, &call{site: st, at: s.now(), answers: true}, isDryRun(ctx.QueryArgs()))
}

// isDryRun reports whether a dry run is asked for, in whatever spelling: answers that
// were taken cannot be taken back, so all but a plain no is a yes.
func isDryRun(args *fasthttp.Args) bool {
	value := string(args.Peek("dry_run"))
	return args.Has("dry_run") && value != "false" && value != "0"
}

// call reads a request of a site's back end and makes what is in it durable, unless
// it is a dry run.
func (s *Server) call(ctx *fasthttp.RequestCtx, c *call, dry bool) collector.Reason {
	st := c.site
	if why := st.authorise(ctx.Request.Header.Peek(fasthttp.HeaderAuthorization)); why != "" {
		return why
	}
	lines, why := isNDJSON(string(ctx.Request.Header.ContentType()))
	if why != "" {
		return why
	}
	body, why := ownBody(ctx, maxCallBytes)
	if why != "" {
		return why
	}
	encoding := strings.ToLower(string(ctx.Request.Header.Peek(fasthttp.HeaderContentEncoding)))
	body, why = decoded(body, encoding, maxCallBytes)
	if why != "" {
		return why
	}
	var err error
	if c.receipt, err = s.random.receipt(receiptCall, c.at); err != nil {
		s.log.Error("server events were refused", "error", err)
		return collector.ReasonInternal
	}
	if lines {
		why = c.readLines(body)
	} else {
		why = c.readList(body)
	}
	if why != "" {
		return why
	}
	if dry {
		return s.answerCall(ctx, c, dry)
	}
	if why := s.makeDurable(st, c.events); why != "" {
		return why
	}
	return s.answerCall(ctx, c, dry)
}

// answerCall says what became of each event.
func (s *Server) answerCall(ctx *fasthttp.RequestCtx, c *call, dry bool) collector.Reason {
	counts := map[collector.Reason]int{}
	for i := range c.rejected {
		r := &c.rejected[i]
		counts[r.Code]++
		where := r.Message
		r.Message = s.sentences[r.Code]
		if where != "" {
			r.Message += " (" + where + ")"
		}
	}
	for why, n := range counts {
		s.noteRefused(c.site.name, why, n)
	}
	for i := range c.notes {
		c.notes[i].Message = s.sentences[c.notes[i].Code]
	}
	body, err := json.Marshal(callAnswer{
		Accepted:   len(c.events) - c.duplicates,
		Duplicates: c.duplicates,
		Rejected:   c.rejected,
		Notes:      c.notes,
		DryRun:     dry,
	})
	if err != nil {
		s.log.Error("BUG: the answer to server events cannot be written", "error", err)
		return collector.ReasonInternal
	}
	if why := mostFrequent(counts); why != "" {
		ctx.Response.Header.Set(headerReason, string(why))
	}
	ctx.Response.Header.SetContentType("application/json")
	ctx.SetStatusCode(fasthttp.StatusAccepted)
	if dry {
		ctx.SetStatusCode(fasthttp.StatusOK)
	}
	ctx.SetBody(body)
	s.debug("taken", c.site.name, "", c.receipt)
	return ""
}

// authorise checks an Authorization header against the site's write keys. All
// keys are compared, each in constant time, so that the time taken tells
// nothing about any of them.
func (s *site) authorise(header []byte) collector.Reason {
	scheme, key, ok := bytes.Cut(bytes.TrimSpace(header), []byte(" "))
	key = bytes.TrimSpace(key)
	if !ok || len(key) == 0 || !bytes.EqualFold(scheme, []byte("Bearer")) {
		return collector.ReasonNoKey
	}
	sum := sha256.Sum256(key)
	match := 0
	for _, known := range s.keys {
		match |= subtle.ConstantTimeCompare(sum[:], known[:])
	}
	if match != 1 {
		return collector.ReasonWrongKey
	}
	return ""
}

// isNDJSON reads the content type. Without one it is taken for JSON.
func isNDJSON(contentType string) (bool, collector.Reason) {
	if contentType == "" {
		return false, ""
	}
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false, ReasonContentType
	}
	switch media {
	case "application/json",
		"application/x-www-form-urlencoded": // what curl -d says of any body
		return false, ""
	case "application/x-ndjson", "application/ndjson":
		return true, ""
	}
	return false, ReasonContentType
}
