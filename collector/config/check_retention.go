package config

import (
	"fmt"
	"time"
)

// How long what is kept. Rules: collector.Retention.

const day = 24 * time.Hour

// window is how long Meta takes an event of a web site (reference/capi.md § 2).
const window = 7 * day

func (k checker) retention(r Retention) {
	// What came with an event goes with it, and not before.
	for _, kind := range []struct {
		key  string
		kept time.Duration
	}{{"click", r.Click}, {"browser", r.Browser}, {"ip", r.IP}} {
		if kind.kept > 0 && r.Events > kind.kept {
			k.err("retention."+kind.key, "`retention.%s` is %s, and events, each of which may hold one, are kept %s. Set retention.events to no more.",
				kind.key, formatDuration(kind.kept), formatDuration(r.Events))
		}
	}
	if r.Deliveries > 0 && r.Deliveries < r.Events {
		k.err("retention.deliveries", "`retention.deliveries` is %s, and events are kept %s. A delivery tells that its event was sent: keep it as long.",
			formatDuration(r.Deliveries), formatDuration(r.Events))
	}
	for _, kind := range []struct {
		key  string
		kept time.Duration
	}{{"click", r.Click}, {"browser", r.Browser}, {"ip", r.IP}, {"sessions", r.Sessions}, {"contact", r.Contact}, {"events", r.Events}} {
		if r.ExternalIDs > 0 && kind.kept > r.ExternalIDs {
			k.err("retention.external_ids", "`retention.external_ids` is %s, and `retention.%s` is %s: nobody would know whose that is. Keep the ids as long.",
				formatDuration(r.ExternalIDs), kind.key, formatDuration(kind.kept))
			break
		}
	}
	k.shortRetention(r)
}

// shortRetention warns of what conversions would miss.
func (k checker) shortRetention(r Retention) {
	if r.Events > 0 && r.Events < window {
		k.warn("retention.events", "Events are kept %s, and Meta takes them for %s. What is still to be sent keeps its event, and nothing else does: explain and export end there.",
			formatDuration(r.Events), formatDuration(window))
	}
	if r.Sessions > 0 && r.Sessions < window {
		k.warn("retention.sessions", "Sessions are kept %s. An order that comes up to %s after the visit is sent without address and user agent.", formatDuration(r.Sessions), formatDuration(window))
	}
	if r.Click > 0 && r.Click < window {
		k.warn("retention.click", "Clicks are kept %s, and most conversions come within %s of one: those that come later are sent without it.", formatDuration(r.Click), formatDuration(window))
	}
	for i, s := range k.c.Sites {
		for j, sc := range s.Scenarios {
			for _, kind := range []struct {
				key  string
				kept time.Duration
			}{{"click", r.Click}, {"browser", r.Browser}, {"sessions", r.Sessions}, {"events", r.Events}} {
				if wait := sc.Wait + s.Consent.Hold; kind.kept > 0 && wait >= kind.kept {
					k.warn(fmt.Sprintf("sites[%d].scenarios[%d].wait", i, j), "The scenario %q may wait %s, with the hold for consent, and retention.%s is %s: what it waits for has expired by then.",
						sc.Name, formatDuration(wait), kind.key, formatDuration(kind.kept))
				}
			}
		}
	}
}
