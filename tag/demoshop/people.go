package demoshop

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Who the visitor is: sign-in, sign-out, newsletter.

// A signIn is the page's own part: whom one can be, and what went wrong.
type signIn struct {
	Customers []customer
	Problem   string
}

func (s *Shop) signInPage(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "sign-in", "Sign in", signIn{Customers: customers})
}

var customerForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// signIn believes everybody: it is a demo. Whoever typed an id of their own is
// a customer without contact data.
func (s *Shop) signIn(w http.ResponseWriter, r *http.Request) {
	c := customer{ID: strings.TrimSpace(r.PostFormValue("customer"))}
	if c.ID == "other" {
		c.ID, c.Name = strings.TrimSpace(r.PostFormValue("id")), clean(r.PostFormValue("name"))
	}
	for _, known := range customers {
		if known.ID == c.ID {
			c = known
		}
	}
	if !customerForm.MatchString(c.ID) {
		s.show(w, r, http.StatusUnprocessableEntity, "sign-in", "Sign in", signIn{customers,
			"Please choose somebody, or type a customer number of letters, digits, dots, dashes and underscores."})
		return
	}
	if c.Name == "" {
		c.Name = c.ID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sess, err := s.startSession(w, r)
	if err != nil {
		s.failed(w, err)
		return
	}
	sess.customer = c
	sess.say(message{Do: "signed_in"})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *Shop) signOut(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sess := s.sessionOf(r); sess != nil && sess.customer.ID != "" {
		sess.customer = customer{}
		sess.say(message{Do: "signed_out"})
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// newsletter has the back end report a lead; the browser tells nothing.
func (s *Shop) newsletter(w http.ResponseWriter, r *http.Request) {
	email := strings.TrimSpace(r.PostFormValue("email"))
	if !isEmail(email) {
		s.show(w, r, http.StatusUnprocessableEntity, "subscribed", "Newsletter", "")
		return
	}
	s.mu.Lock()
	id := ""
	if sess := s.sessionOf(r); sess != nil {
		id = sess.customer.ID
	}
	number := fmt.Sprintf("L-%d", s.nextLead)
	s.nextLead++
	s.enqueue(event{
		ID: number, Name: "lead", At: s.o.Now().UTC().Truncate(time.Millisecond),
		Customer:   person{ID: id, Email: email},
		Properties: map[string]any{"form": "newsletter"},
	})
	s.mu.Unlock()
	s.show(w, r, http.StatusOK, "subscribed", "Newsletter", number)
}

// clean keeps what can be shown of a typed name, up to 64 characters.
func clean(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)
	if r := []rune(name); len(r) > 64 {
		name = string(r[:64])
	}
	return strings.TrimSpace(name)
}
