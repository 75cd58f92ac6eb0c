package edge

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/valyala/fasthttp"

	"matchkey/collector"
)

// Links that a site's back end asks for, with its write key: to somebody's choices, and
// of the picture that tells of an opened e-mail. They name nobody to whom they are not
// handed.

const maxLinkRequest = 4 << 10 // bytes

type linkAnswer struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// linkRequest reads what a back end says of a link that it asks for.
func (st *site) linkRequest(ctx *fasthttp.RequestCtx, r any) collector.Reason {
	if why := st.authorise(ctx.Request.Header.Peek(fasthttp.HeaderAuthorization)); why != "" {
		return why
	}
	body, why := ownBody(ctx, maxLinkRequest)
	if why != "" {
		return why
	}
	if err := json.Unmarshal(body, r, json.RejectUnknownMembers(true)); err != nil {
		return collector.ReasonMalformedJSON
	}
	return ""
}

// answerLink answers with a link, when it could be made.
func (s *Server) answerLink(ctx *fasthttp.RequestCtx, address string, until time.Time, err error) collector.Reason {
	var answer []byte
	if err == nil {
		answer, err = json.Marshal(linkAnswer{URL: address, ExpiresAt: until})
	}
	if err != nil {
		s.log.Error("a link could not be made", "error", err)
		return collector.ReasonInternal
	}
	answerJSON(ctx, answer)
	return ""
}

// answerJSON answers 200 with a JSON text.
func answerJSON(ctx *fasthttp.RequestCtx, text []byte) {
	ctx.Response.Header.SetContentType("application/json")
	ctx.SetStatusCode(fasthttp.StatusOK)
	ctx.SetBody(text)
}
