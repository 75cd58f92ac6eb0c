package main

import (
	"fmt"
	"maps"
	"strings"

	"matchkey/build"
	"matchkey/collector"
	"matchkey/collector/config"
	"matchkey/collector/consent"
	"matchkey/collector/console"
	"matchkey/collector/engine"
	"matchkey/collector/meta"
	"matchkey/collector/scenario"
	"matchkey/edge"
)

// compiled is what a configuration becomes before anything is started: rules,
// scripts and destinations. Making it opens no file and no connection.
type compiled struct {
	config       *config.Config
	rules        map[string]siteRules
	scripts      map[string]build.Script
	destinations []*meta.Destination
}

// siteRules are the pure parts of one site.
type siteRules struct {
	scenarios *scenario.Set
	consent   *consent.Register
}

// compile makes everything at once; what is wrong is added to the faults, with
// its place in the file.
func compile(c *config.Config, faults *config.Faults) *compiled {
	r := &compiled{config: c, rules: map[string]siteRules{}, scripts: map[string]build.Script{}}
	for i, d := range c.Destinations {
		made, err := meta.New(meta.Config{
			Name: d.Name, Dataset: d.Meta.Dataset, Token: meta.Token(d.Meta.Token.Reveal()), Version: d.Meta.Version,
			VersionEnds: config.GraphEnds(d.Meta.Version), BaseURL: d.Meta.BaseURL, Timeout: d.Meta.Timeout,
			BatchMax: d.Meta.Batch, Linger: d.Meta.BatchAge, Concurrency: d.Meta.Concurrency,
			NoPixel: !d.Meta.Pixel, AskWhenInDoubt: d.Meta.InDoubt == "ask",
			TestEventCode: d.Meta.TestEventCode, TestEventCodeUntil: d.Meta.TestUntil(),
			AppSecret: meta.Token(d.Meta.AppSecret.Reveal()), PartnerAgent: d.Meta.PartnerAgent,
		})
		if err != nil {
			faults.Add(c.Fault(fmt.Sprintf("destinations[%d].meta", i), 0, err.Error()))
			continue
		}
		r.destinations = append(r.destinations, made)
	}
	for i, s := range c.Sites {
		path := fmt.Sprintf("sites[%d]", i)
		set, bad := scenario.Compile(specs(s))
		for _, f := range bad {
			faults.Add(c.Fault(fmt.Sprintf("%s.scenarios[%d].%s", path, f.Index, f.Field), f.Offset, f.Message))
		}
		r.rules[s.Name] = siteRules{scenarios: set, consent: register(s)}
		script, err := build.Tag(tagOptions(s))
		if err != nil {
			faults.Add(c.Fault(path, 0, err.Error()))
		}
		r.scripts[s.Name] = script
	}
	return r
}

// specs are a site's scenarios with their category's purposes.
func specs(s config.Site) (list []scenario.Spec) {
	purposes := map[string][]string{}
	for _, c := range s.Consent.Categories {
		purposes[c.ID] = c.Purposes
	}
	for _, sc := range s.Scenarios {
		list = append(list, scenario.Spec{
			Name: sc.Name, On: sc.On, When: sc.When, Category: sc.Consent, Purposes: purposes[sc.Consent],
			Wait: sc.Wait, Send: sc.Send, To: sc.To, Properties: sc.Properties,
		})
	}
	return list
}

// register is what a site asks people, and in which words.
func register(s config.Site) *consent.Register {
	var categories []consent.Category
	for _, c := range s.Consent.Categories {
		categories = append(categories, consent.Category{ID: c.ID, Label: c.Label, Purposes: c.Purposes, Validity: c.Validity})
	}
	var notices []consent.Notice
	for _, n := range s.Consent.Notices {
		notices = append(notices, notice(n))
	}
	return consent.NewRegister(categories, notices)
}

func notice(n config.Notice) consent.Notice {
	return consent.Notice{Language: n.Language, Text: n.Text, Recipients: n.Recipients, Epoch: n.Epoch}
}

// decider is a site's policy at work.
func decider(s config.Site, r *consent.Register) *consent.Decider {
	p := consent.Defaults()
	p.Version = fmt.Sprintf("%s.%d", s.Name, r.Epoch())
	p.OptInEverywhere = s.Consent.Mode != "by_region"
	p.Hold = s.Consent.Hold
	p.NoticeEpoch = r.Epoch()
	return consent.New(p)
}

// tagOptions are the constants of a site's tag.
func tagOptions(s config.Site) build.TagOptions {
	domain, index := build.CookieDomain(s.Origins)
	if s.CookieDomain != "" {
		domain, index = s.CookieDomain, strings.Count(s.CookieDomain, ".")
	}
	o := build.TagOptions{
		Site: s.Name, Endpoint: s.Endpoint + s.Prefix + "/" + s.Name,
		CookieDomain: domain, SubdomainIndex: index,
	}
	for _, n := range s.Consent.Notices {
		if n.Current {
			o.NoticeHash, o.NoticeLanguage = notice(n).Hash(), n.Language
			break
		}
	}
	return o
}

// engineDestinations are where deliveries go, as the engine sees them.
func (r *compiled) engineDestinations() (all []collector.Destination) {
	for _, d := range r.destinations {
		all = append(all, d)
	}
	return all
}

// engineSites are the rules that pipeline and dispatcher go by.
func (r *compiled) engineSites() map[string]engine.Site {
	sites := map[string]engine.Site{}
	for _, s := range r.config.Sites {
		rules := r.rules[s.Name]
		sites[s.Name] = engine.Site{Matcher: rules.scenarios, Decider: decider(s, rules.consent), Records: rules.consent.Records, LinkByEmail: s.LinkByEmail, SignsCustomers: s.IdentifyKey.Reveal() != ""}
	}
	return sites
}

// retention is how long what is kept.
func retention(r config.Retention) collector.Retention {
	return collector.Retention{
		Click: r.Click, Browser: r.Browser, Address: r.IP, Sessions: r.Sessions, Contact: r.Contact, External: r.ExternalIDs,
		Events: r.Events, Deliveries: r.Deliveries, Proof: r.ConsentProof,
	}
}

// edgeSites are the sites as the edge sees them.
func (r *compiled) edgeSites() (sites []edge.Site) {
	for _, s := range r.config.Sites {
		var keys []string
		for _, k := range s.WriteKeys {
			keys = append(keys, k.Reveal())
		}
		rules, script := r.rules[s.Name], r.scripts[s.Name]
		sites = append(sites, edge.Site{
			Name: s.Name, Prefix: s.Prefix, Origins: s.Origins, WriteKeys: keys, IdentifyKey: s.IdentifyKey.Reveal(),
			CookieDomain: tagOptions(s).CookieDomain, Country: s.Country,
			Script:      edge.Script{Body: script.Body, Gzip: script.Gzip, Brotli: script.Brotli, Hash: script.Hash},
			Identifiers: meta.BrowserIdentifiers(), Hash: meta.Hasher(), Integrations: []string{meta.Kind},
			MayKeep: decider(s, rules.consent).MayKeep(rules.consent),
		})
	}
	return sites
}

// siteInfos are the sites as the console shows them.
func (r *compiled) siteInfos() (infos []console.SiteInfo) {
	for _, s := range r.config.Sites {
		script := r.scripts[s.Name]
		info := console.SiteInfo{
			Name: s.Name, Snippet: snippetOf(s), SRI: script.SRI, Sizes: sizesOf(script),
			ScriptURL: fmt.Sprintf("%s%s/%s.%s.js", s.Endpoint, s.Prefix, s.Name, script.Hash),
		}
		for _, sc := range s.Scenarios {
			info.Scenarios = append(info.Scenarios, console.ScenarioInfo{
				Name: sc.Name, On: sc.On, When: sc.When, Category: sc.Consent, Send: sc.Send, To: sc.To, Wait: sc.Wait,
			})
		}
		infos = append(infos, info)
	}
	return infos
}

func snippetOf(s config.Site) string { return build.Snippet(s.Name, s.Endpoint+s.Prefix) }

func siteNames(c *config.Config) string {
	var names []string
	for _, s := range c.Sites {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// largestTag is the size of the largest site's tag as brotli, in bytes.
func (r *compiled) largestTag() (n int) {
	for _, s := range r.scripts {
		n = max(n, len(s.Brotli))
	}
	return n
}

// sentences are the reasons of all packages in words.
func sentences() map[collector.Reason]string {
	all := map[collector.Reason]string{}
	for _, some := range []map[collector.Reason]string{
		collector.Sentences(), edge.Sentences(), consent.Sentences(), scenario.Sentences(), meta.Sentences(),
	} {
		maps.Copy(all, some)
	}
	return all
}
