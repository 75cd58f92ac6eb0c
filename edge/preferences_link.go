package edge

import (
	"time"

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

// preferencesLink makes a link. It names nobody to whom it is not handed.
func (s *Server) preferencesLink(ctx *fasthttp.RequestCtx, st *site) collector.Reason {
	var r linkRequest
	if why := st.linkRequest(ctx, &r); why != "" {
		return why
	}
	who := collector.Visitor(st.name, r.Visitor)
	if r.Customer != "" {
		who = collector.Customer(st.name, r.Customer)
	}
	if why := linkFault(who); why != "" {
		return why
	}
	until := s.now().Add(LinkAge).Truncate(time.Second)
	address, err := PreferencesLink(st.tokenKey, st.choices.Base, st.prefix, who, until)
	return s.answerLink(ctx, address, until, err)
}
