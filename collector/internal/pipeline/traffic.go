package pipeline

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"matchkey/collector"
)

// How much of the traffic each scenario takes. Only events of browsers are counted:
// a back end that sends nothing but orders makes a conversion of each, and that is
// no fault; a scenario that makes one of every page view is. It is of this run only,
// and of the last hour or two by when events were received.

// traffic counts by site. All methods are safe for concurrent use.
type traffic struct {
	mu    sync.Mutex // guards the map and what it leads to
	sites map[string]*siteTraffic
}

// siteTraffic is what a site had in the hour under way and in the one before.
type siteTraffic struct {
	hour      time.Time
	now, last counts
}

// counts are bounded by the scenarios that a configuration names.
type counts struct {
	events  int
	matched map[string]int
}

func newCounts() counts { return counts{matched: map[string]int{}} }

// count counts an event and the scenarios of which it is a conversion.
func (t *traffic) count(ev collector.Event, conversions []collector.Conversion) {
	if ev.Origin != collector.OriginBrowser {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sites == nil {
		t.sites = map[string]*siteTraffic{}
	}
	s := t.sites[ev.Site]
	if s == nil {
		s = &siteTraffic{now: newCounts(), last: newCounts()}
		t.sites[ev.Site] = s
	}
	switch hour := ev.ReceivedAt.Truncate(time.Hour); {
	case hour.Equal(s.hour.Add(time.Hour)):
		s.last, s.now, s.hour = s.now, newCounts(), hour
	case hour.After(s.hour):
		s.last, s.now, s.hour = newCounts(), newCounts(), hour
	}
	s.now.events++
	for _, c := range conversions {
		s.now.matched[c.Scenario]++
	}
}

// Shares are the shares of all scenarios that made a conversion lately, in the
// order of site and scenario.
func (p *Pipeline) Shares() (all []collector.Share) {
	sites := p.SitesNow()
	t := &p.traffic
	t.mu.Lock()
	defer t.mu.Unlock()
	for site, s := range t.sites {
		names := map[string]bool{}
		for _, c := range []counts{s.now, s.last} {
			for name := range c.matched {
				names[name] = true
			}
		}
		for name := range names {
			all = append(all, collector.Share{
				Site: site, Scenario: name, Matched: s.now.matched[name] + s.last.matched[name],
				Events: s.now.events + s.last.events, Max: sites[site].ShareMax,
			})
		}
	}
	slices.SortFunc(all, func(a, b collector.Share) int {
		return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.Scenario, b.Scenario))
	})
	return all
}
