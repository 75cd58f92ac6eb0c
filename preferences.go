package main

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"matchkey/build"
	"matchkey/collector"
	"matchkey/collector/config"
	"matchkey/collector/consent"
	"matchkey/collector/engine"
	"matchkey/edge"
	"matchkey/edge/preferences"
)

// The preferences page, from a configuration and a running engine.

// consentLinkCommand makes a link as the edge does, with the key that both read.
type consentLinkCommand struct {
	Config   string `required:"" placeholder:"FILE" help:"Configuration of the site; its data folder has the key."`
	Site     string `placeholder:"NAME" help:"The site, where there are several."`
	Customer string `xor:"who" required:"" placeholder:"ID" help:"The site's own id of a person."`
	Visitor  string `xor:"who" required:"" placeholder:"ID" help:"A browser."`
}

func (consentLinkCommand) Help() string {
	return "Whoever has the link may see and change that person's choices for 90 days, and learns nothing else of them."
}

func (l consentLinkCommand) Run(p *program) error {
	s, key, err := linkingSite(p, l.Config, l.Site)
	if err != nil {
		return err
	}
	if !s.Preferences.Enabled {
		return fmt.Errorf("the site %s has no preferences page: it is switched off in the configuration", s.Name)
	}
	who := collector.Customer(s.Name, l.Customer)
	if l.Visitor != "" {
		who = collector.Visitor(s.Name, l.Visitor)
	}
	address, err := edge.PreferencesLink(key.tokens(), publicBase(*s), s.Prefix, who, time.Now().Add(edge.LinkAge))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, address)
	return err
}

// linkingSite is the site that a link is of, and the key of its edge. It makes no key: a
// link by one that the edge does not have is good for nothing, and whoever runs this may
// be another user than the edge's, who could not read the file then.
func linkingSite(p *program, path, name string) (*config.Site, signingKey, error) {
	c, _, err := p.load(path)
	if err != nil {
		return nil, signingKey{}, err
	}
	s, err := siteOf(c, name)
	if err != nil {
		return nil, signingKey{}, err
	}
	key, found, err := readSigningKey(c)
	if err == nil && !found {
		err = fmt.Errorf("there is no %s, so no edge would know the link; run this where Matchkey runs, after its first start, or set signing_key", filepath.Join(c.Data, signingKeyFile))
	}
	return s, key, err
}

// lookOf is how a site's page appears, with what is not configured filled in.
func lookOf(s config.Site) preferences.Look {
	p := s.Preferences
	look := preferences.Look{
		Site: p.Title, Logo: []byte(p.Logo), Accent: p.Accent, Policy: p.PrivacyPolicy, Home: p.Home, Texts: map[string]preferences.Texts{},
	}
	if u, err := url.Parse(s.Origins[0]); err == nil && look.Site == "" {
		look.Site = u.Hostname()
	}
	if look.Home == "" {
		look.Home = s.Origins[0]
	}
	for _, t := range p.Texts {
		look.Texts[t.Language] = t.Words
	}
	return look
}

// pageOf is the renderer of a site's page; nil where it is switched off.
func pageOf(s config.Site) (*preferences.Renderer, error) {
	p := s.Preferences
	if !p.Enabled {
		return nil, nil
	}
	return preferences.New(lookOf(s), languagesOf(s), p.Frames)
}

// bannerWords are what the tag's banner says itself, in the languages that it is whole
// in: the very words of the preferences page, so that a button means the same in both
// places.
func bannerWords(s config.Site) map[string]build.Words {
	look := lookOf(s)
	return build.WordsOf(languagesOf(s), func(language string) map[string]string {
		if t := look.In(language); len(t.Missing()) == 0 {
			return t
		}
		return nil
	})
}

// preferencesOf is a site's page as the edge is handed it; nil for none, as without an
// engine.
func (r *compiled) preferencesOf(s config.Site, e *engine.Engine) *edge.Preferences {
	page := r.pages[s.Name]
	if page == nil || e == nil {
		return nil
	}
	return &edge.Preferences{Page: page, Choices: r.standing(s, e).choices, Applied: e.Applied, Base: publicBase(s)}
}

func (r *compiled) standing(s config.Site, e *engine.Engine) standing {
	rules := r.rules[s.Name]
	return standing{reader: e.Reader(), register: rules.consent, decider: decider(s, rules.consent), categories: categoriesOf(s)}
}

// publicBase is the scheme and host under which people reach the site's edge.
func publicBase(s config.Site) string {
	if s.Endpoint != "" {
		return s.Endpoint
	}
	return s.Origins[0]
}

// A standing tells what counts for people of one site.
type standing struct {
	reader     collector.Reader
	register   *consent.Register
	decider    *consent.Decider
	categories []edge.Category
}

// choices is [edge.Preferences.Choices].
func (s standing) choices(ctx context.Context, who collector.Subject, where collector.Geo, language string) (list []preferences.Choice, optOut bool, err error) {
	linked, records, err := s.answers(ctx, who)
	if err != nil {
		return nil, false, err
	}
	for i, st := range s.decider.Standings(s.register, records, []collector.Subject{who}, linked, time.Now()) {
		words := s.categories[i].In(language)
		c := preferences.Choice{
			ID: st.Category.ID, Label: words.Label, Description: words.Description, State: preferences.State(st.Answered),
			Since: st.Since, Until: st.Until, Source: st.Source, Told: st.Told,
		}
		if seen, known := s.register.Notice(st.Notice); known {
			c.Seen, c.SeenLanguage = seen.Text, seen.Language
		}
		list = append(list, c)
	}
	return list, !s.decider.AsksFirst(where), nil
}

// answers are what a person and whom they are linked with answered; none for a browser
// that was never seen.
func (s standing) answers(ctx context.Context, who collector.Subject) (linked []collector.Subject, records []collector.ConsentRecord, err error) {
	if who.ID == "" {
		return nil, nil, nil
	}
	if linked, err = s.reader.Linked(ctx, who); err != nil {
		return nil, nil, err
	}
	records, err = s.reader.Records(ctx, append(linked[:len(linked):len(linked)], who)...)
	return linked, records, err
}

// mayKeep is [edge.Opens.MayKeep].
func (s standing) mayKeep(ctx context.Context, who collector.Subject, signals collector.Signals, geo collector.Geo) (bool, []collector.Reason, error) {
	linked, records, err := s.answers(ctx, who)
	if err != nil {
		return false, nil, err
	}
	kept, why := s.decider.MayKeepOf(records, []collector.Subject{who}, linked, signals, geo, time.Now())
	return kept, why, nil
}

// siteOf is the site of a name, or the only one.
func siteOf(c *config.Config, name string) (*config.Site, error) {
	for i := range c.Sites {
		if s := &c.Sites[i]; s.Name == name || name == "" && len(c.Sites) == 1 {
			return s, nil
		}
	}
	if name == "" {
		return nil, fmt.Errorf("the configuration has several sites; say which with --site: %s", siteNames(c))
	}
	return nil, fmt.Errorf("the configuration has no site %q; it has %s", name, siteNames(c))
}
