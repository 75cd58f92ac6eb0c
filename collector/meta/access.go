package meta

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// An access is by what a destination may send: the token, which a person may
// replace while requests are made, and what follows from it. It is behind a
// pointer, because package fmt prints the fields of a struct without asking
// their types.
type access struct {
	partnerAgent, testCode string
	testUntil              time.Time
	now                    atomic.Pointer[credentials]
}

// credentials are a token and the ends of a request's body that go with it,
// outside of and within the time of a test.
type credentials struct {
	token       Token
	proof       string // of the app's secret; empty without one
	plain, test []byte
}

func newAccess(c *Config) *access {
	a := &access{
		partnerAgent: c.PartnerAgent, testCode: c.TestEventCode, testUntil: c.TestEventCodeUntil,
	}
	a.set(c.Token, c.AppSecret)
	return a
}

func (a *access) set(t, appSecret Token) {
	proof := ""
	if appSecret != "" {
		proof = t.proof(appSecret)
	}
	a.now.Store(&credentials{
		token: t, proof: proof,
		plain: envelope(proof, a.partnerAgent, ""), test: envelope(proof, a.partnerAgent, a.testCode),
	})
}

// token is the token in use.
func (d *Destination) token() Token { return d.access.now.Load().token }

// tail is what stands behind the events in a request's body now.
func (d *Destination) tail() []byte {
	c := d.access.now.Load()
	if d.now().Before(d.access.testUntil) {
		return c.test
	}
	return c.plain
}

// SetToken replaces the access token and the app's secret, which is empty when
// there is none; changed is false when they are those in use. Requests under way
// end with what they began with. A token that cannot be one is refused, and the
// old one stays.
func (d *Destination) SetToken(t, appSecret Token) (changed bool, err error) {
	if err := errors.Join(checkToken(t), checkSecret(appSecret)); err != nil {
		return false, fmt.Errorf("destination %q: %w", d.name, err)
	}
	was := d.access.now.Load()
	d.access.set(t, appSecret)
	is := d.access.now.Load()
	return was.token != is.token || was.proof != is.proof, nil
}
