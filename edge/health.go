package edge

import (
	"github.com/valyala/fasthttp"

	"matchkey/collector"
)

// live says that the process answers; it asks nobody else, so that a full disk
// does not make a supervisor restart what a restart cannot help.
func (s *Server) live(ctx *fasthttp.RequestCtx, _ *site) collector.Reason {
	plain(ctx, fasthttp.StatusOK, "ok")
	return ""
}

// ready says whether beacons can be made durable, and if not, why.
func (s *Server) ready(ctx *fasthttp.RequestCtx, _ *site) collector.Reason {
	if err := s.journal.Healthy(); err != nil {
		ctx.Response.Header.Set(headerReason, string(collector.ReasonJournalFailed))
		plain(ctx, fasthttp.StatusServiceUnavailable, err.Error())
		return ""
	}
	plain(ctx, fasthttp.StatusOK, "ok")
	return ""
}

func plain(ctx *fasthttp.RequestCtx, status int, text string) {
	ctx.Response.Header.SetContentType("text/plain; charset=utf-8")
	ctx.SetStatusCode(status)
	ctx.SetBodyString(text + "\n")
}
