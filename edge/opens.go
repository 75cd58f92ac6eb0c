package edge

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"matchkey/collector"
)

// Opens is what a site needs to be told by a picture that an e-mail was opened.
// Without it there is no picture.
type Opens struct {
	// MayKeep says whether what an open tells of a person in a place may be kept, by
	// what that person answered before: a picture brings no answer of its own. When it
	// is no, the reasons say why. Safe for concurrent use; required.
	MayKeep func(ctx context.Context, who collector.Subject, signals collector.Signals, geo collector.Geo) (bool, []collector.Reason, error)
	// Base is scheme://host[:port] of the picture, for addresses that a back end asks for.
	Base string
}

// An opens is a site's picture, ready to be asked for.
type opens struct {
	Opens
	tokens *sealer
	idKey  []byte
}

// prepare completes a site's picture; secret is the edge's TokenKey.
func (p *opens) prepare(st *site, secret []byte) (err error) {
	if p.MayKeep == nil || secret == nil {
		return fmt.Errorf("site %q: the picture that tells of opened e-mails is not whole", st.name)
	}
	if p.tokens, err = newOpenTokens(secret, st.name); err != nil {
		return err
	}
	p.idKey, err = hkdf.Key(sha256.New, secret, nil, "matchkey.email-open-id.1\n"+st.name, sha256.Size)
	return err
}

// openPath is the picture's address. The token is in the query: addresses are looked up
// whole (routes.go), and a picture's name is the same for everybody, so that no log of
// paths has it.
func openPath(prefix, site string) string { return prefix + "/" + site + "/open.gif" }

func newOpenTokens(secret []byte, site string) (*sealer, error) {
	return newSealer(secret, "email-open", site)
}

// OpenAge is how long after it was made an address tells of opens.
const OpenAge = 90 * 24 * time.Hour

// A Mailing is one e-mail to one person.
type Mailing struct {
	Who collector.Subject
	// Message is the e-mail, the same for all who get it, and Campaign what it is a part
	// of, which may be empty: 1 to 64 letters, digits, '_', '.' and '-'.
	Message, Campaign string
	// SentAt is when it is sent; zero when nobody knows. What opens it within a second
	// is a machine.
	SentAt time.Time
}

// fault says what is wrong with a mailing, if anything.
func (m Mailing) fault() collector.Reason {
	switch {
	case !isToken(m.Message), m.Campaign != "" && !isToken(m.Campaign):
		return ReasonOpenMessage
	case checkText(m.Message) != "", checkText(m.Campaign) != "":
		return ReasonContactData
	}
	return linkFault(m.Who)
}

// OpenAddress makes the address of the picture for one e-mail to one person, good until
// a time. secret is the edge's TokenKey, base scheme://host[:port] and prefix the site's.
// Nobody reads from it whom it is about.
func OpenAddress(secret []byte, base, prefix string, m Mailing, until time.Time) (string, error) {
	if why := m.fault(); why != "" {
		return "", errors.New(allSentences()[why])
	}
	tokens, err := newOpenTokens(secret, m.Who.Site)
	if err != nil {
		return "", err
	}
	t := openToken{Kind: m.Who.Kind, ID: m.Who.ID, Message: m.Message, Campaign: m.Campaign, Until: until.Unix()}
	if !m.SentAt.IsZero() {
		t.Sent = m.SentAt.UnixMilli()
	}
	token, err := tokens.seal(t)
	if err != nil {
		return "", err
	}
	return base + openPath(prefix, m.Who.Site) + "?" + url.Values{"t": {token}}.Encode(), nil
}

// An openToken is what the token says.
type openToken struct {
	Kind     collector.SubjectKind `json:"k"`
	ID       string                `json:"i"`
	Message  string                `json:"m"`
	Campaign string                `json:"c,omitempty"`
	Sent     int64                 `json:"s,omitempty"` // milliseconds since 1970
	Until    int64                 `json:"u"`           // seconds since 1970
}

// read opens a token, or says why it tells nothing.
func (o *opens) read(text string, now time.Time) (t openToken, why collector.Reason) {
	switch {
	case !o.tokens.open(text, &t):
		return t, ReasonOpenForged
	case now.Unix() >= t.Until:
		return t, ReasonOpenExpired
	}
	return t, ""
}

// subject is whom the e-mail went to.
func (t openToken) subject(site string) collector.Subject {
	return collector.Subject{Site: site, Kind: t.Kind, ID: t.ID}
}

// id names an open by message and person, so that a second one is the same event; a
// machine's is another, so that neither hides the other. Whose it is cannot be read from
// it without the key.
func (o *opens) id(t openToken, prefetched bool) string {
	mac := hmac.New(sha256.New, o.idKey)
	mac.Write([]byte(string(t.Kind) + "\n" + strconv.Quote(t.ID) + "\n" + t.Message))
	id := t.Message + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:12])
	if prefetched {
		id += ".prefetched"
	}
	return collector.DeterministicID(collector.EventEmailOpen, id)
}
