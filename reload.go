package main

import (
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"matchkey/collector"
	"matchkey/collector/config"
	"matchkey/collector/console"
	"matchkey/collector/engine"
)

// reload takes over what may change while a node runs: the scenarios, whole or not
// at all. What they stand on (sites, consent, the destinations' names) takes a
// restart, and so a file that changes that, too, is not taken over; what is beside
// them (addresses, limits, logging) takes a restart as well, and is only named.
// Access tokens are tokens.go's. All methods are safe for concurrent use.
type reload struct {
	setSites func(map[string]engine.Site) error
	log      *slog.Logger

	mu      sync.Mutex // guards the fields below
	running *compiled
	infos   []console.SiteInfo
	refused string   // why the file was not taken over; empty when it was
	waiting []string // what of it waits for a restart
}

func newReload(rules *compiled, setSites func(map[string]engine.Site) error, log *slog.Logger) *reload {
	return &reload{setSites: setSites, log: log, running: rules, infos: rules.siteInfos()}
}

// read reads the file again and takes over what may be.
func (r *reload) read(p *program, path string) {
	c, faults := config.Load(path, p.env, os.ReadFile)
	c.CheckAt(time.Now(), &faults)
	rules := compileWhole(c, &faults)
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(faults.Errors); n > 0 {
		first := faults.Errors[0]
		r.refuse(fmt.Sprintf("line %d: %s", first.Line, first.Message), "faults", n, "error", faults.Err())
		return
	}
	if needs := foundations(r.running.config, c); len(needs) > 0 {
		r.refuse("a restart is needed for: "+strings.Join(needs, ", "), "restart_for", needs)
		return
	}
	// What waits for a restart runs as it was, and is compared with that again.
	kept := *r.running.config
	kept.Sites = slices.Clone(kept.Sites)
	for i := range kept.Sites {
		kept.Sites[i].Scenarios, kept.Sites[i].ScenarioShareMax = c.Sites[i].Scenarios, c.Sites[i].ScenarioShareMax
	}
	changed := changedScenarios(r.running.config, c)
	waiting := surroundings(r.running.config, c)
	rules.config, rules.scripts = &kept, r.running.scripts
	rules.destinations = r.running.destinations // they keep what they know of their tokens
	if err := r.setSites(rules.engineSites()); err != nil {
		r.refuse(err.Error(), "error", err)
		return
	}
	r.running, r.infos, r.refused, r.waiting = rules, rules.siteInfos(), "", waiting
	for _, w := range faults.Warnings {
		r.log.Warn("configuration: "+w.Message, "line", w.Line)
	}
	r.log.Info("took over the configuration's scenarios; what matched before stays as it is", "changed", changed)
	if len(r.waiting) > 0 {
		r.log.Warn("the configuration changed in what takes effect with a restart only", "restart_for", r.waiting)
	}
}

// refuse keeps what runs and remembers why. The lock is held.
func (r *reload) refuse(why string, args ...any) {
	r.refused = why
	r.log.Error("the configuration was not taken over; everything goes on by the one before", append([]any{"why", why}, args...)...)
}

// alarms are what a person should act on.
func (r *reload) alarms() (all []collector.Alarm) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refused != "" {
		all = append(all, collector.Alarm{Reason: collector.ReasonConfigRefused, Detail: r.refused})
	}
	if len(r.waiting) > 0 {
		all = append(all, collector.Alarm{Reason: collector.ReasonConfigWaits, Detail: strings.Join(r.waiting, ", ")})
	}
	return all
}

// siteInfos are the sites as they run.
func (r *reload) siteInfos() []console.SiteInfo {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.infos
}

// metric is 1 while what runs is what the file says.
func (r *reload) metric() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "matchkey_config_in_step", Help: "1 while everything runs by the configuration file as it was last read.",
	}, func() float64 {
		if len(r.alarms()) > 0 {
			return 0
		}
		return 1
	})
}

// foundations names what scenarios stand on and what differs.
func foundations(was, is *config.Config) (names []string) {
	if !slices.Equal(destinationNames(was), destinationNames(is)) {
		names = append(names, "destinations")
	}
	if len(was.Sites) != len(is.Sites) {
		return append(names, "sites")
	}
	for i := range was.Sites {
		a, b := &was.Sites[i], &is.Sites[i]
		switch {
		case a.Name != b.Name:
			return append(names, "sites")
		case !reflect.DeepEqual(a.Consent, b.Consent):
			names = append(names, "consent of "+a.Name)
		case a.Country != b.Country: // scenarios read phone numbers with it
			names = append(names, "country of "+a.Name)
		}
	}
	return names
}

func destinationNames(c *config.Config) (names []string) {
	for _, d := range c.Destinations {
		names = append(names, d.Name)
	}
	return names
}

// surroundings names what else takes effect with a restart and differs, as the
// file's keys; both files have the same foundations. Tokens are taken over already.
func surroundings(was, is *config.Config) (names []string) {
	note := func(name string, differs bool) {
		if differs {
			names = append(names, name)
		}
	}
	for name, pair := range map[string][2]any{
		"data": {was.Data, is.Data}, "disk_reserve_mb": {was.DiskReserveMB, is.DiskReserveMB}, "listen": {was.Listen, is.Listen},
		"trusted_proxies": {was.TrustedProxies, is.TrustedProxies}, "geoip": {was.GeoIP, is.GeoIP}, "console": {was.Console, is.Console}, "log": {was.Log, is.Log},
		"signing_key": {was.SigningKey, is.SigningKey}, "encryption": {was.Encryption, is.Encryption}, "retention": {was.Retention, is.Retention},
	} {
		note(name, !reflect.DeepEqual(pair[0], pair[1]))
	}
	for i := range was.Destinations {
		a, b := *was.Destinations[i].Meta, *is.Destinations[i].Meta
		a.Token, b.Token, a.AppSecret, b.AppSecret = config.Secret{}, config.Secret{}, config.Secret{}, config.Secret{}
		note("destination "+was.Destinations[i].Name, a != b)
	}
	for i := range was.Sites {
		a, b := was.Sites[i], is.Sites[i]
		a.Scenarios, b.Scenarios, a.ScenarioShareMax, b.ScenarioShareMax = nil, nil, 0, 0
		note("site "+a.Name, !reflect.DeepEqual(a, b))
	}
	slices.Sort(names)
	return names
}

// changedScenarios names the scenarios that differ, as site/name.
func changedScenarios(was, is *config.Config) (names []string) {
	for i := range was.Sites {
		before, after := map[string]config.Scenario{}, map[string]config.Scenario{}
		for _, sc := range was.Sites[i].Scenarios {
			before[sc.Name] = sc
		}
		for _, sc := range is.Sites[i].Scenarios {
			after[sc.Name] = sc
			if !reflect.DeepEqual(before[sc.Name], sc) {
				names = append(names, is.Sites[i].Name+"/"+sc.Name)
			}
		}
		for name := range before {
			if _, stays := after[name]; !stays {
				names = append(names, was.Sites[i].Name+"/"+name)
			}
		}
	}
	slices.Sort(names)
	return names
}
