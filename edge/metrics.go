package edge

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics. Labels are bounded: sites are configured names or "unknown", routes
// and reasons are constants of this program. Nothing a stranger sends becomes a
// label.

type metrics struct {
	requests      *prometheus.CounterVec   // route, status
	refused       *prometheus.CounterVec   // site, reason
	events        *prometheus.CounterVec   // site, origin
	withheld      *prometheus.CounterVec   // site, reason
	ignored       *prometheus.CounterVec   // site, reason
	appendSeconds *prometheus.HistogramVec // outcome
	connErrors    prometheus.Counter
}

// newMetrics makes the metrics and, when there is somebody who reads them,
// registers them.
func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "matchkey", Subsystem: "edge", Name: name, Help: help}, labels)
	}
	m := &metrics{
		requests: counter("requests_total", "Requests answered, by route and status.", "route", "status"),
		refused:  counter("refused_total", "Requests and single events refused, by reason.", "site", "reason"),
		events:   counter("events_total", "Events made durable.", "site", "origin"),
		withheld: counter("withheld_total", "Events not stored because consent did not allow it, by first reason.", "site", "reason"),
		ignored:  counter("tag_ignored_total", "What the tag in the pages did not send, by its reason.", "site", "reason"),
		appendSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "matchkey", Subsystem: "edge", Name: "append_seconds",
			Help:    "Time until the journal said durable (or no).",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 15),
		}, []string{"outcome"}),
		connErrors: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "matchkey", Subsystem: "edge", Name: "connection_errors_total",
			Help: "Connections that ended with an error.",
		}),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.requests, m.refused, m.events, m.withheld, m.ignored, m.appendSeconds, m.connErrors} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("the edge's metrics cannot be registered: %w", err)
		}
	}
	return m, nil
}
