package edge

import (
	"maps"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/valyala/fasthttp"

	"matchkey/collector"
)

// Refusing: one way to say no, for every request and every event of one. A
// refusal has a status, a code that programs and the tag read, a sentence that
// people read, and a counter. The code travels in a header because the tag may
// not see the body (sendBeacon) and because `curl -i` shows it first.

// headerReason carries a [collector.Reason]. On a 204 or 202 it says why
// something in the request was not kept.
const headerReason = "X-Matchkey-Reason"

// Reasons that only the edge has, beside those of package collector.
const (
	ReasonRequestMalformed collector.Reason = "request_malformed"        // not HTTP, or the body ended early
	ReasonHeadersTooLarge  collector.Reason = "headers_too_large"        // address and headers exceed the buffer
	ReasonRequestTimeout   collector.Reason = "request_timeout"          // the request did not arrive in time
	ReasonContentType      collector.Reason = "content_type_unsupported" // neither JSON nor NDJSON
	ReasonContactData      collector.Reason = "contact_data_in_clear"    // an e-mail address or phone where none may be kept

	// Why the token of a notice proves nothing (token.go).
	ReasonTokenMissing collector.Reason = "notice_token_missing"
	ReasonTokenForged  collector.Reason = "notice_token_wrong"
	ReasonTokenExpired collector.Reason = "notice_token_expired"

	// What is wrong with an answer that a back end posts (consent_api.go).
	ReasonConsentAction   collector.Reason = "consent_action_invalid"
	ReasonConsentSource   collector.Reason = "consent_source_invalid"
	ReasonConsentNotice   collector.Reason = "consent_notice_invalid"
	ReasonConsentCategory collector.Reason = "consent_category_unknown"

	// Why the picture of an e-mail tells nothing, and why none is made (opens.go).
	ReasonOpenForged  collector.Reason = "open_token_wrong"
	ReasonOpenExpired collector.Reason = "open_token_expired"
	ReasonOpenMessage collector.Reason = "open_message_invalid"

	// Why a browser's word on who its customer is does not count (signature.go).
	ReasonIdentifyUnsigned collector.Reason = "identify_unsigned"
	ReasonIdentifyForged   collector.Reason = "identify_signature_wrong"
	ReasonIdentifyExpired  collector.Reason = "identify_signature_expired"
	ReasonIdentifyTooLong  collector.Reason = "identify_signature_too_long"
)

// Sentences gives the reasons of this package in words for people.
func Sentences() map[collector.Reason]string {
	return map[collector.Reason]string{
		ReasonRequestMalformed: "The request is not complete and valid HTTP.",
		ReasonHeadersTooLarge:  "The address and headers are larger than allowed.",
		ReasonRequestTimeout:   "The request did not arrive in time.",
		ReasonContentType:      "The content type is not supported; use application/json or application/x-ndjson.",
		ReasonContactData:      "It holds contact data in the clear, which is never kept; give it to identify() or customer, where it is hashed.",
		ReasonTokenMissing:     "The site counts a yes only with the token of the notice that was shown, and none came; the yes is kept as unproven.",
		ReasonTokenForged:      "The token is not one that this edge gave with this notice; a yes is kept as unproven.",
		ReasonTokenExpired:     "The token of the notice was not a day old at most when the answer was given; a yes is kept as unproven.",

		ReasonConsentAction:   "An answer needs an action: accept, reject or withdraw.",
		ReasonConsentSource:   "An answer needs a source, such as crm, form or cmp:<name>; the source gpc can only refuse.",
		ReasonConsentNotice:   "A notice is named by the SHA-256 of its text, 64 hexadecimal digits.",
		ReasonConsentCategory: "A category is not one of the site's, so that a yes to it would mean nothing.",

		ReasonOpenForged:  "The token of the picture is not one that this edge gave, so the open counts for nobody.",
		ReasonOpenExpired: "The token of the picture has ended, so the open counts for nobody.",
		ReasonOpenMessage: "The picture of an e-mail needs a message, and may have a campaign: 1 to 64 letters, digits, '_', '.' and '-'.",

		ReasonIdentifyUnsigned: "The site signs whom its pages name, and this was not signed; it is kept as of a browser only.",
		ReasonIdentifyForged:   "The signature of the customer id is not by this site's key over this customer and end; it is kept as of a browser only.",
		ReasonIdentifyExpired:  "The signature of the customer id has ended; sign anew with every page. It is kept as of a browser only.",
		ReasonIdentifyTooLong:  "The signature of the customer id ends more than 24 hours ahead; it is kept as of a browser only.",
	}
}

// statuses are the HTTP statuses of refusals; a reason that is not here is a
// fault of the body: 400.
var statuses = map[collector.Reason]int{
	collector.ReasonUnknownSite:   fasthttp.StatusNotFound,
	collector.ReasonNotFound:      fasthttp.StatusNotFound,
	collector.ReasonMethod:        fasthttp.StatusMethodNotAllowed,
	collector.ReasonWrongOrigin:   fasthttp.StatusForbidden,
	collector.ReasonNoKey:         fasthttp.StatusUnauthorized,
	collector.ReasonWrongKey:      fasthttp.StatusUnauthorized,
	collector.ReasonBodyTooLarge:  fasthttp.StatusRequestEntityTooLarge,
	collector.ReasonTooManyEvents: fasthttp.StatusRequestEntityTooLarge,
	collector.ReasonEncoding:      fasthttp.StatusUnsupportedMediaType,
	ReasonContentType:             fasthttp.StatusUnsupportedMediaType,
	ReasonHeadersTooLarge:         fasthttp.StatusRequestHeaderFieldsTooLarge,
	ReasonRequestTimeout:          fasthttp.StatusRequestTimeout,
	collector.ReasonJournalBusy:   fasthttp.StatusServiceUnavailable,
	collector.ReasonJournalFailed: fasthttp.StatusServiceUnavailable,
	collector.ReasonInternal:      fasthttp.StatusInternalServerError,
}

// A Refusal is what [Options.OnRefused] is told: no personal data.
type Refusal struct {
	At time.Time
	// Site is a configured site's name, or "unknown".
	Site   string
	Reason collector.Reason
	// Count is 1 for a request, or how many events of one request.
	Count int
}

// unknownSite is the label of everything that belongs to no configured site,
// so that strangers cannot make metrics grow.
const unknownSite = "unknown"

// An answer is the body of a refusal.
type answer struct {
	Code    collector.Reason `json:"code"`
	Message string           `json:"message"`
}

// allSentences are the sentences of everything the edge may say.
func allSentences() map[collector.Reason]string {
	all := collector.Sentences()
	maps.Copy(all, Sentences())
	return all
}

// refuse answers a request with a reason. Headers that were set stay, so that a
// page of the site can read it.
func (s *Server) refuse(ctx *fasthttp.RequestCtx, siteName string, why collector.Reason) {
	status, ok := statuses[why]
	if !ok {
		status = fasthttp.StatusBadRequest
	}
	h := &ctx.Response.Header
	h.Set(headerReason, string(why))
	h.SetContentType("application/json")
	switch status {
	case fasthttp.StatusServiceUnavailable:
		h.Set(fasthttp.HeaderRetryAfter, strconv.Itoa(s.random.between(1, 5)))
	case fasthttp.StatusUnauthorized:
		h.Set(fasthttp.HeaderWWWAuthenticate, "Bearer")
	}
	ctx.SetStatusCode(status)
	body, err := json.Marshal(answer{why, s.sentences[why]})
	if err != nil {
		body = nil // cannot be: two strings from this program
	}
	ctx.SetBody(body)
	s.noteRefused(siteName, why, 1)
}

// noteRefused counts what was refused and tells whom it concerns.
func (s *Server) noteRefused(siteName string, why collector.Reason, count int) {
	s.metrics.refused.WithLabelValues(siteName, string(why)).Add(float64(count))
	s.debug("refused", siteName, why, "")
	if s.onRefused != nil {
		s.onRefused(Refusal{At: s.now(), Site: siteName, Reason: why, Count: count})
	}
}
