package main

import (
	"fmt"
	"time"

	"matchkey/collector"
	"matchkey/collector/config"
	"matchkey/collector/engine"
	"matchkey/edge"
)

// The picture that tells of an opened e-mail, from a configuration and a running engine.

// openLinkCommand makes its address as the edge does, with the key that both read.
type openLinkCommand struct {
	Config   string `required:"" placeholder:"FILE" help:"Configuration of the site; its data folder has the key."`
	Site     string `placeholder:"NAME" help:"The site, where there are several."`
	Customer string `xor:"who" required:"" placeholder:"ID" help:"The site's own id of whom the e-mail goes to."`
	Visitor  string `xor:"who" required:"" placeholder:"ID" help:"A browser."`
	Message  string `required:"" placeholder:"ID" help:"The e-mail, the same for all who get it."`
	Campaign string `placeholder:"ID" help:"What the e-mail is a part of."`
	SentAt   string `placeholder:"TIME" help:"When it is sent, RFC 3339. What opens it within a second is a machine."`
}

func (openLinkCommand) Help() string {
	return "Put it into the e-mail as <img src=\"…\" width=\"1\" height=\"1\" alt=\"\">. It is good for 90 days. See docs/email.md."
}

func (l openLinkCommand) Run(p *program) error {
	s, key, err := linkingSite(p, l.Config, l.Site)
	if err != nil {
		return err
	}
	m := edge.Mailing{Who: collector.Customer(s.Name, l.Customer), Message: l.Message, Campaign: l.Campaign}
	if l.Visitor != "" {
		m.Who = collector.Visitor(s.Name, l.Visitor)
	}
	if l.SentAt != "" {
		if m.SentAt, err = time.Parse(time.RFC3339, l.SentAt); err != nil {
			return fmt.Errorf("%q is no time such as 2026-11-25T10:00:00Z", l.SentAt)
		}
	}
	address, err := edge.OpenAddress(key.tokens(), publicBase(*s), s.Prefix, m, time.Now().Add(edge.OpenAge))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, address)
	return err
}

// opensOf is a site's picture as the edge is handed it; nil without an engine.
func (r *compiled) opensOf(s config.Site, e *engine.Engine) *edge.Opens {
	if e == nil {
		return nil
	}
	return &edge.Opens{MayKeep: r.standing(s, e).mayKeep, Base: publicBase(s)}
}
