package edge

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/valyala/fasthttp"

	"matchkey/collector"
)

// A linkRequest is the body of POST /v1/{site}/preferences-link, by which a site's
// back end asks for a link to somebody's choices, for an e-mail or an account page.
//
//	{"customer":"c42"}  →  {"url":"https://shop.example/mk/shop/preferences?t=…","expires_at":"2027-02-23T18:30:00Z"}
type linkRequest struct {
	Customer string `json:"customer"`
	Visitor  string `json:"visitor"`
}

type linkAnswer struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

const maxLinkRequest = 4 << 10 // bytes

// preferencesLink makes a link. It names nobody to whom it is not handed.
func (s *Server) preferencesLink(ctx *fasthttp.RequestCtx, st *site) collector.Reason {
	if why := st.authorise(ctx.Request.Header.Peek(fasthttp.HeaderAuthorization)); why != "" {
		return why
	}
	body, why := ownBody(ctx, maxLinkRequest)
	if why != "" {
		return why
	}
	var r linkRequest
	if err := json.Unmarshal(body, &r, json.RejectUnknownMembers(true)); err != nil {
		return collector.ReasonMalformedJSON
	}
	var who collector.Subject
	switch {
	case r.Customer != "":
		if why := checkCustomer(r.Customer); why != "" {
			return why
		}
		who = collector.Customer(st.name, r.Customer)
	case isToken(r.Visitor):
		who = collector.Visitor(st.name, r.Visitor)
	default:
		return collector.ReasonNoSubject
	}
	until := s.now().Add(LinkAge).Truncate(time.Second)
	address, err := PreferencesLink(st.tokenKey, st.choices.Base, st.prefix, who, until)
	var answer []byte
	if err == nil {
		answer, err = json.Marshal(linkAnswer{URL: address, ExpiresAt: until})
	}
	if err != nil {
		s.log.Error("a link to somebody's choices could not be made", "error", err)
		return collector.ReasonInternal
	}
	ctx.Response.Header.SetContentType("application/json")
	ctx.SetStatusCode(fasthttp.StatusOK)
	ctx.SetBody(answer)
	return ""
}
