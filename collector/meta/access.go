package meta

import (
	"fmt"
	"sync/atomic"
	"time"
)

// An access is by what a destination may send: the token, which a person may
// replace while requests are made, and what follows from it. It is behind a
// pointer, because package fmt prints the fields of a struct without asking
// their types.
type access struct {
	appSecret              Token
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
		appSecret: c.AppSecret, partnerAgent: c.PartnerAgent, testCode: c.TestEventCode, testUntil: c.TestEventCodeUntil,
	}
	a.set(c.Token)
	return a
}

func (a *access) set(t Token) {
	proof := ""
	if a.appSecret != "" {
		proof = t.proof(a.appSecret)
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

// SetToken replaces the access token; requests under way end with the one they
// began with. A token that cannot be one is refused, and the old one stays.
func (d *Destination) SetToken(t Token) error {
	if err := checkToken(t); err != nil {
		return fmt.Errorf("destination %q: %w", d.name, err)
	}
	d.access.set(t)
	return nil
}
