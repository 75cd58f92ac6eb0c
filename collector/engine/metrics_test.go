package engine_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"matchkey/collector"
)

// scraped are all metrics of a world's engine as "name{label=value,…}", checked
// for consistency as Prometheus would.
func scraped(w *world) map[string]float64 {
	w.Helper()
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(w.engine.Collector())
	families, err := r.Gather()
	if err != nil {
		w.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		if h := f.GetHelp(); !strings.HasSuffix(h, ".") {
			w.Errorf("the help of %s is no sentence: %q", f.GetName(), h)
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			got[f.GetName()+"{"+strings.Join(labels, ",")+"}"] = m.GetGauge().GetValue()
		}
	}
	return got
}

// wantMetrics compares metrics; a negative value wants that there is none.
func wantMetrics(w *world, when string, want map[string]float64) {
	w.Helper()
	got := scraped(w)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		v, ok := got["matchkey_"+name]
		switch {
		case want[name] < 0 && ok:
			w.Errorf("%s: %s is %v, want none", when, name, v)
		case want[name] >= 0 && (!ok || v != want[name]):
			w.Errorf("%s: %s is %v (there: %t), want %v", when, name, v, ok, want[name])
		}
	}
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func TestMetricsTellHowADestinationStands(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		synctest.Wait()
		wantMetrics(w, "at the start", map[string]float64{
			"healthy{part=dispatch:main}":                                     1,
			"destination_paused{by=person,destination=main}":                  0,
			"destination_paused{by=destination,destination=main}":             0,
			"destination_breaker_open{destination=main}":                      0,
			"destination_failures{destination=main}":                          0,
			"destination_usage_percent{destination=main}":                     0,
			"destination_requests_in_flight{destination=main}":                0,
			"destination_throttled_until_timestamp_seconds{destination=main}": -1,
			"destination_check{destination=main,ruling=accepted}":             -1, // not asked
			"oldest_due_timestamp_seconds{destination=main}":                  -1,
		})

		soon, later := time.Now().Add(time.Hour), time.Now().Add(48*time.Hour)
		w.meta.SetCheck(collector.Check{At: time.Now(), Verdict: collector.Verdict{Ruling: collector.Accepted}, Deadlines: []collector.Deadline{
			{Reason: "token_ends", WarnFrom: time.Now(), At: later},
			{Reason: "token_ends", WarnFrom: time.Now(), At: soon}, // twice, as no destination should
			{Reason: "version_ends", WarnFrom: later, At: later},
		}})
		w.engine.Recheck()
		synctest.Wait()
		wantMetrics(w, "after a check", map[string]float64{
			"destination_check{destination=main,ruling=accepted}":                          1,
			"destination_check{destination=main,ruling=blocked}":                           0,
			"destination_deadline_timestamp_seconds{destination=main,reason=token_ends}":   seconds(soon),
			"destination_deadline_timestamp_seconds{destination=main,reason=version_ends}": seconds(later),
			"destination_alarm{destination=main,reason=token_ends}":                        1,
			"destination_alarm{destination=main,reason=version_ends}":                      -1,
		})

		w.meta.SetCheck(collector.Check{At: time.Now(), Verdict: tokenGone})
		w.engine.Recheck()
		synctest.Wait()
		began := time.Now()
		w.append(browsed("v1", "c42"), bought("A-1", "c42"))
		synctest.Wait()
		time.Sleep(time.Minute)
		wantMetrics(w, "blocked", map[string]float64{
			"destination_paused{by=destination,destination=main}":                        1,
			"destination_paused{by=person,destination=main}":                             0,
			"destination_check{destination=main,ruling=accepted}":                        0,
			"destination_check{destination=main,ruling=blocked}":                         1,
			"oldest_due_timestamp_seconds{destination=main}":                             seconds(began),
			"destination_deadline_timestamp_seconds{destination=main,reason=token_ends}": -1,
		})

		if _, err := w.engine.Pause(t.Context(), "main", "a note"); err != nil {
			t.Fatal(err)
		}
		wantMetrics(w, "paused", map[string]float64{
			"destination_paused{by=destination,destination=main}": 0,
			"destination_paused{by=person,destination=main}":      1,
		})

		w.meta.SetCheck(collector.Check{})
		w.meta.Script(func(collector.Parcel) collector.Verdict { return unavailable })
		if _, err := w.engine.Resume(t.Context(), "main"); err != nil {
			t.Fatal(err)
		}
		w.until("the breaker opens", func() bool { return !w.engine.Destinations()[0].Breaker.OpenSince.IsZero() })
		wantMetrics(w, "failing", map[string]float64{
			"destination_paused{by=person,destination=main}": 0,
			"destination_breaker_open{destination=main}":     1,
			"destination_failures{destination=main}":         3,
		})

		w.meta.SetCheck(collector.Check{Verdict: accepted1})
		w.meta.Script(func(collector.Parcel) collector.Verdict {
			v := accepted1
			v.Usage = collector.Usage{Percent: 97, RegainSeconds: 600}
			v.Alarm = &collector.Alarm{Reason: "version_ended", Detail: "a note"}
			return v
		})
		w.eventually("A-1", collector.StateDelivered)
		synctest.Wait()
		wantMetrics(w, "throttled", map[string]float64{
			"destination_breaker_open{destination=main}":                           0,
			"destination_failures{destination=main}":                               0,
			"destination_usage_percent{destination=main}":                          97,
			"destination_throttled_until_timestamp_seconds{destination=main}":      seconds(w.engine.Destinations()[0].ThrottledUntil),
			"destination_alarm{destination=main,reason=version_ended}":             1,
			"oldest_due_timestamp_seconds{destination=main}":                       -1,
			"deliveries{destination=main,send=Purchase,site=shop,state=delivered}": 1,
		})
		for name := range scraped(w) {
			if strings.Contains(name, "a note") {
				t.Errorf("the words of a person or of the destination are in a metric: %s", name)
			}
		}
	})
}

func TestMetricsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	described := make(chan *prometheus.Desc, 100)
	w.engine.Collector().Describe(described)
	close(described)
	n := 0
	for d := range described {
		_, after, _ := strings.Cut(d.String(), `fqName: "`)
		name, _, _ := strings.Cut(after, `"`)
		if n++; !strings.Contains(string(doc), "`"+name+"`") {
			t.Errorf("docs/metrics.md lacks %s", name)
		}
	}
	if n < 15 {
		t.Errorf("%d metrics are described", n)
	}
}
