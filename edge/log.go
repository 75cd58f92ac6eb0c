package edge

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"matchkey/collector"
)

// Logs never carry an address, a header, a body or an identifier: at debug
// level a reason, a site and a receipt, and above that only the edge's own
// troubles.

// debug logs what happened to one request.
func (s *Server) debug(what, siteName string, why collector.Reason, receipt string) {
	if !s.log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	s.log.LogAttrs(context.Background(), slog.LevelDebug, what,
		slog.String("site", siteName), slog.String("reason", string(why)), slog.String("receipt", receipt))
}

// connectionLog takes what fasthttp has to say about connections. Its messages
// hold the peers' addresses and parts of requests, so they are counted and not
// repeated.
type connectionLog struct{ errors prometheus.Counter }

func (l connectionLog) Printf(string, ...any) { l.errors.Inc() }
