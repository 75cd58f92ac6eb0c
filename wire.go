package main

import (
	"fmt"
	"maps"
	"slices"
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
	"matchkey/edge/preferences"
)

// compiled is what a configuration becomes before anything is started: rules,
// scripts and destinations. Making it opens no file and no connection.
type compiled struct {
	config       *config.Config
	rules        map[string]siteRules
	scripts      map[string]build.Script
	pages        map[string]*preferences.Renderer // of preferences, where a site has one
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
	r := &compiled{config: c, rules: map[string]siteRules{}, scripts: map[string]build.Script{}, pages: map[string]*preferences.Renderer{}}
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
		if _, err := featuresOf(s); err != nil {
			faults.Add(c.Fault(path+".tag", 0, "The tag cannot be built so: "+err.Error()+"."))
			continue
		}
		set := compileScenarios(c, i, faults)
		advise(c, i, faults)
		r.rules[s.Name] = siteRules{scenarios: set, consent: register(s)}
		script, err := build.Tag(tagOptions(s))
		if err != nil {
			faults.Add(c.Fault(path, 0, err.Error()))
		}
		r.scripts[s.Name] = script
		page, err := pageOf(s)
		if err != nil {
			faults.Add(c.Fault(path+".preferences", 0, "The preferences page cannot be made: "+err.Error()+". Mend it, or set preferences: {enabled: false}."))
		}
		r.pages[s.Name] = page
	}
	return r
}

// compileWhole compiles a configuration; nil for one with faults, of which the scenarios'
// expressions are read all the same: what is wrong is told at once.
func compileWhole(c *config.Config, faults *config.Faults) *compiled {
	if faults.Err() == nil {
		return compile(c, faults)
	}
	for i := range c.Sites {
		compileScenarios(c, i, faults)
	}
	return nil
}

// compileScenarios compiles those of one site. What a preset that is none would have
// said is not missed.
func compileScenarios(c *config.Config, site int, faults *config.Faults) *scenario.Set {
	set, bad := scenario.Compile(specs(c.Sites[site]))
	for _, f := range bad {
		at := fmt.Sprintf("sites[%d].scenarios[%d].", site, f.Index)
		if !slices.ContainsFunc(faults.Errors, func(e config.Fault) bool { return e.Path == at+"preset" }) {
			faults.Add(c.Fault(at+f.Field, f.Offset, f.Message))
		}
	}
	return set
}

// specs are a site's scenarios with their category's purposes.
func specs(s config.Site) (list []scenario.Spec) {
	purposes := map[string][]string{}
	for _, c := range s.Consent.Categories {
		purposes[c.ID] = c.Purposes
	}
	for _, sc := range s.Scenarios {
		spec := resolved(sc)
		spec.Purposes, spec.Hash, spec.Country = purposes[sc.Consent], meta.Hasher(), s.Country
		list = append(list, spec)
	}
	return list
}

func limit(l *config.Limit) collector.Limit {
	if l == nil {
		return collector.Limit{}
	}
	return collector.Limit{Times: l.Times, Per: l.Per}
}

// register is what a site asks people, and in which words.
func register(s config.Site) *consent.Register {
	var categories []consent.Category
	for _, c := range s.Consent.Categories {
		categories = append(categories, consent.Category{ID: c.ID, Label: c.Label, Purposes: c.Purposes, Recipients: c.Recipients, Validity: c.Validity})
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

// noticeTexts are the texts of all sites, present and past, by their hashes.
func (r *compiled) noticeTexts() (texts []collector.NoticeText) {
	for _, s := range r.config.Sites {
		for _, n := range s.Consent.Notices {
			texts = append(texts, noticeText(s.Name, n))
		}
	}
	return texts
}

func noticeText(site string, n config.Notice) collector.NoticeText {
	return collector.NoticeText{
		Site: site, Hash: notice(n).Hash(), Language: n.Language, Text: n.Text, Recipients: n.Recipients, Epoch: n.Epoch,
	}
}

// currentNotices are the texts that a site shows now.
func currentNotices(s config.Site) (texts []collector.NoticeText) {
	for _, n := range s.Consent.Notices {
		if n.Current {
			texts = append(texts, noticeText(s.Name, n))
		}
	}
	return texts
}

// languagesOf are those in which a site asks people now.
func languagesOf(s config.Site) (languages []string) {
	for _, n := range currentNotices(s) {
		languages = append(languages, n.Language)
	}
	return languages
}

// categoriesOf are what a site asks for, as people read it.
func categoriesOf(s config.Site) (list []edge.Category) {
	for _, c := range s.Consent.Categories {
		texts := map[string]edge.CategoryText{"": {Label: c.Label, Description: c.Description}}
		for _, t := range c.Texts {
			texts[t.Language] = edge.CategoryText{Label: t.Label, Description: t.Description}
		}
		list = append(list, edge.Category{ID: c.ID, Texts: texts, Purposes: c.Purposes, Recipients: c.Recipients, Validity: c.Validity})
	}
	return list
}

// decider is a site's policy at work.
func decider(s config.Site, r *consent.Register) *consent.Decider {
	p := consent.Defaults()
	p.Version = fmt.Sprintf("%s.%d", s.Name, r.Epoch())
	p.OptInEverywhere = s.Consent.Mode != "by_region"
	p.OptIn = s.Consent.OptIn
	if s.Consent.USOptOut == "drop" {
		p.USOptOut = consent.USDrop
	}
	if s.Consent.GPC == "us_only" {
		p.GPC = consent.GPCOnlyUS
	}
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
	features, err := featuresOf(s)
	if err != nil {
		panic("BUG: the features of a tag were not checked before: " + err.Error())
	}
	o := build.TagOptions{
		Site: s.Name, Endpoint: s.Endpoint + s.Prefix + "/" + s.Name,
		CookieDomain: domain, SubdomainIndex: index,
		Features: features, CallingCode: s.Tag.CallingCode,
	}
	if s.Tag.IPv6Endpoint != "" {
		o.IPv6URL = s.Tag.IPv6Endpoint + s.Prefix + "/" + s.Name + "/ip"
	}
	if shown := currentNotices(s); len(shown) > 0 {
		o.NoticeHash, o.NoticeLanguage = shown[0].Hash, shown[0].Language
	}
	o.Words = bannerWords(s)
	return o
}

// featuresOf are what a site's tag can do.
func featuresOf(s config.Site) ([]build.Feature, error) {
	named := func(names []string) (features []build.Feature) {
		for _, n := range names {
			features = append(features, build.Feature(n))
		}
		return features
	}
	preset := build.Preset(s.Tag.Preset)
	if preset == "" {
		preset = build.Default
	}
	return build.Features(preset, named(s.Tag.With), named(s.Tag.Without))
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
		sites[s.Name] = engine.Site{Matcher: rules.scenarios, Decider: decider(s, rules.consent), Records: rules.consent.Records, LinkByEmail: s.LinkByEmail, SignsCustomers: s.IdentifyKey.Reveal() != "", ShareMax: s.ScenarioShareMax}
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

// edgeSites are the sites as the edge sees them, with what it asks an engine; that may
// be nil where nothing is served.
func (r *compiled) edgeSites(e *engine.Engine) (sites []edge.Site) {
	for _, s := range r.config.Sites {
		var keys []string
		for _, k := range s.WriteKeys {
			keys = append(keys, k.Reveal())
		}
		rules, script := r.rules[s.Name], r.scripts[s.Name]
		policy := decider(s, rules.consent)
		sites = append(sites, edge.Site{
			Name: s.Name, Prefix: s.Prefix, Origins: s.Origins, WriteKeys: keys, IdentifyKey: s.IdentifyKey.Reveal(),
			CookieDomain: tagOptions(s).CookieDomain, Country: s.Country,
			Script:      edge.Script{Body: script.Body, Gzip: script.Gzip, Brotli: script.Brotli, Hash: script.Hash},
			Identifiers: meta.BrowserIdentifiers(), Hash: meta.Hasher(), Integrations: []string{meta.Kind},
			MayKeep: policy.MayKeep(rules.consent), Regime: policy.Regime,
			Preferences: r.preferencesOf(s, e), Opens: r.opensOf(s, e),
			Notices: currentNotices(s), Categories: categoriesOf(s), AsksToken: s.Consent.Proof == "token",
			KnowsNotice: func(hash string) bool { _, known := rules.consent.Notice(hash); return known },
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
			spec := resolved(sc)
			info.Scenarios = append(info.Scenarios, console.ScenarioInfo{
				Name: sc.Name, On: strings.Join(spec.Names(), ", "), When: sc.When, Category: sc.Consent, Send: spec.Send, To: sc.To, Wait: sc.Wait,
			})
		}
		infos = append(infos, info)
	}
	return infos
}

func snippetOf(s config.Site) string {
	return build.Snippet(s.Name, s.Endpoint+s.Prefix, tagOptions(s).Features...)
}

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
