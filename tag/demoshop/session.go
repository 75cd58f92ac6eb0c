package demoshop

import (
	"encoding/hex"
	"io"
	"net/http"
	"regexp"
)

// sessionCookie keeps cart and sign-in. It is set with the first thing that
// needs it, lives as long as the browser runs, and no script can read it.
const sessionCookie = "shop_session"

// maxSessions bounds the memory; the oldest session goes first.
const maxSessions = 1000

// A session is what the shop remembers of one browser. Owned by Shop.mu.
type session struct {
	id       string
	customer customer
	cart     cart
	// tell is what the next page has to tell tag and Pixel, once.
	tell []message
}

// A message is one call that the next page's script makes.
type message struct {
	// Do is "cart", "purchase", "signed_in" or "signed_out".
	Do string `json:"do"`
	// ID is the fact's own id, the same for tag and Pixel.
	ID       string    `json:"id,omitempty"`
	Action   string    `json:"action,omitempty"`
	Value    float64   `json:"value,omitempty"`
	Currency string    `json:"currency,omitempty"`
	Contents []content `json:"contents,omitempty"`
}

var sessionForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

// sessionOf returns the request's session, or nil. Call with mu held.
func (s *Shop) sessionOf(r *http.Request) *session {
	c, err := r.Cookie(sessionCookie)
	if err != nil || !sessionForm.MatchString(c.Value) {
		return nil
	}
	return s.sessions[c.Value]
}

// startSession returns the request's session, a new one if need be. Call with
// mu held.
func (s *Shop) startSession(w http.ResponseWriter, r *http.Request) (*session, error) {
	if sess := s.sessionOf(r); sess != nil {
		return sess, nil
	}
	id, err := s.randomHex(16)
	if err != nil {
		return nil, err
	}
	sess := &session{id: id}
	if len(s.order) >= maxSessions {
		delete(s.sessions, s.order[0])
		s.order = append([]string{}, s.order[1:]...)
	}
	s.sessions[id] = sess
	s.order = append(s.order, id)
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: id, Path: "/", HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil,
	})
	return sess, nil
}

// say leaves a message for the session's next page; a page that never comes
// must not pile them up.
func (sess *session) say(m message) {
	sess.tell = append(sess.tell, m)
	if len(sess.tell) > 10 {
		sess.tell = sess.tell[1:]
	}
}

func (s *Shop) randomHex(bytes int) (string, error) {
	b := make([]byte, bytes)
	if _, err := io.ReadFull(s.o.Random, b); err != nil {
		return "", err
	}
	return hex.EncodeToString(b), nil
}
