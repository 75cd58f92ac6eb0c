package edge

import (
	"fmt"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"matchkey/collector"
)

// Metrics. Labels are bounded: sites are configured names or "unknown", routes
// and reasons are constants of this program. Nothing a stranger sends becomes a
// label.

type metrics struct {
	requests      *prometheus.CounterVec   // route, status
	refused       *prometheus.CounterVec   // site, reason
	events        *prometheus.CounterVec   // site, origin
	withheld      *prometheus.CounterVec   // site, reason
	appendSeconds *prometheus.HistogramVec // outcome
	durable       prometheus.Observer      // appendSeconds, of what is durable
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
	m.durable = m.appendSeconds.WithLabelValues("durable")
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.requests, m.refused, m.events, m.withheld, m.appendSeconds, m.connErrors} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("the edge's metrics cannot be registered: %w", err)
		}
	}
	return m, nil
}

// lookUp keeps with sites and routes what they count most, so that no request
// has to look a counter up by its labels.
func (m *metrics) lookUp(sites []*site, routes map[string]*route) {
	for _, st := range sites {
		st.durable = map[collector.Origin]prometheus.Counter{}
		for _, origin := range []collector.Origin{collector.OriginBrowser, collector.OriginServer} {
			st.durable[origin] = m.events.WithLabelValues(st.name, string(origin))
		}
	}
	for _, r := range routes {
		if r.options != nil { // a page may post, and that is what is answered so
			r.noContent = m.requests.WithLabelValues(r.label, strconv.Itoa(fasthttp.StatusNoContent))
		}
	}
}
