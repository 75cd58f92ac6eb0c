package edge

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"matchkey/collector"
	"matchkey/edge/preferences"
)

// Preferences is what a site's preferences page needs beside the site's notices.
// Without it there is no page.
type Preferences struct {
	// Page renders. Its languages are those of the site's notices.
	Page *preferences.Renderer
	// Choices tells what counts now for a person in a place, for every category in
	// the site's order, in a language, and whether the site may begin there before a
	// yes. The subject has no ID when the browser was never seen. Safe for concurrent
	// use; required.
	Choices func(ctx context.Context, who collector.Subject, where collector.Geo, language string) (choices []preferences.Choice, optOut bool, err error)
	// Applied returns when all that was acknowledged counts in Choices. Required.
	Applied func(ctx context.Context) error
	// Base is scheme://host[:port] of the page, for links that a back end asks for.
	Base string
}

// A choices is a site's page, ready to be asked.
type choices struct {
	Preferences
	path         string // of the page
	links, forms *sealer
}

// prepare completes a site's page; secret is the edge's TokenKey.
func (c *choices) prepare(st *site, secret []byte) (err error) {
	c.path = preferencesPath(st.prefix, st.name)
	if c.Page == nil || c.Choices == nil || c.Applied == nil || secret == nil {
		return fmt.Errorf("site %q: the preferences page is not whole", st.name)
	}
	if c.links, err = newLinks(secret, st.name); err != nil {
		return err
	}
	c.forms, err = newSealer(secret, "preferences-form", st.name)
	return err
}

func preferencesPath(prefix, site string) string { return prefix + "/" + site + "/preferences" }

func newLinks(secret []byte, site string) (*sealer, error) {
	return newSealer(secret, "preferences-link", site)
}

// A link is what the token of a link says: who may see and change their choices by
// it, and until when, in seconds since 1970.
type link struct {
	Kind  collector.SubjectKind `json:"k"`
	ID    string                `json:"i"`
	Until int64                 `json:"u"`
}

// LinkAge is how long a link to somebody's choices is good.
const LinkAge = 90 * 24 * time.Hour

// PreferencesLink makes the address at which a person reaches their choices, without
// an account and from any device, as long as it is good. secret is the edge's
// TokenKey, base scheme://host[:port] and prefix the site's. It is made for no name that
// an answer could not come under, such as an e-mail address.
func PreferencesLink(secret []byte, base, prefix string, who collector.Subject, until time.Time) (string, error) {
	if why := linkFault(who); why != "" {
		return "", errors.New(allSentences()[why])
	}
	links, err := newLinks(secret, who.Site)
	if err != nil {
		return "", err
	}
	token, err := links.seal(link{Kind: who.Kind, ID: who.ID, Until: until.Unix()})
	if err != nil {
		return "", err
	}
	return base + preferencesPath(prefix, who.Site) + "?" + url.Values{"t": {token}}.Encode(), nil
}

// linkFault says why nobody can be reached by a link under a name, if so.
func linkFault(who collector.Subject) collector.Reason {
	switch {
	case who.Kind == collector.SubjectCustomer:
		return checkCustomer(who.ID)
	case !isToken(who.ID):
		return collector.ReasonNoSubject
	}
	return ""
}

// openLink says whose choices a link is to; false when it is none of ours, or old.
func (c *choices) openLink(site, token string, now time.Time) (who collector.Subject, ok bool) {
	var l link
	if !c.links.open(token, &l) || now.Unix() >= l.Until {
		return who, false
	}
	return collector.Subject{Site: site, Kind: l.Kind, ID: l.ID}, true
}

// A form is what a page's form brings back: whose choices it showed, which text, and
// whether it told of the browser's signal. So an answer is one to what was seen.
type form struct {
	Kind     collector.SubjectKind `json:"k"`
	ID       string                `json:"i"`
	Notice   string                `json:"n"`
	Language string                `json:"l"`
	Token    string                `json:"p"`
	Regime   string                `json:"r"`
	Country  string                `json:"c"`
	GPC      bool                  `json:"g"`
	At       int64                 `json:"t"` // seconds since 1970
}

// formAge is how long a page may stay open before its form is asked for anew.
const formAge = 24 * time.Hour

func (c *choices) openForm(text string, who collector.Subject, now time.Time) (f form, ok bool) {
	ok = c.forms.open(text, &f) && f.Kind == who.Kind && f.ID == who.ID
	age := now.Sub(time.Unix(f.At, 0))
	return f, ok && age > -time.Minute && age <= formAge
}

// answerOf reads what a form's button says; false when it is no answer to this site's
// categories.
func (st *site) answerOf(button string, ticked []string) (action string, categories []string, ok bool) {
	for _, id := range ticked {
		if !st.hasCategory(id) {
			return "", nil, false
		}
	}
	switch button {
	case preferences.AnswerReject:
		return collector.ConsentReject, nil, true
	case preferences.AnswerAccept:
		for _, c := range st.categories {
			categories = append(categories, c.ID)
		}
		return collector.ConsentAccept, categories, true
	case preferences.AnswerSave:
		if len(ticked) == 0 {
			return collector.ConsentReject, nil, true
		}
		return collector.ConsentAccept, ticked, true
	}
	return "", nil, false
}

// isOwnForm reports whether a form was sent by a page of this edge or of the site;
// origin is the header of that name. The edge's own name is asked for beside the host,
// which a proxy may have written anew.
func (st *site) isOwnForm(origin, host string) bool {
	_, page, found := strings.Cut(origin, "://")
	return st.origins[origin] != "" || origin == st.choices.Base || found && strings.EqualFold(page, host)
}
