package demoshop

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// privacyCookie remembers the answer to the banner, so that it is not asked
// again: "<accept|reject>.<ms>.<short name of the notice>". It identifies
// nobody. Half a year is how long a choice is respected before asking again.
// The script sets it at once, lest the next page be faster than the answer, and
// the server again, because Safari keeps a script's cookies for a week only; so
// it is not HttpOnly.
const (
	privacyCookie = "shop_privacy"
	privacyAge    = 180 * 24 * time.Hour
)

var privacyForm = regexp.MustCompile(`^(accept|reject)\.([0-9]{1,15})\.([0-9a-f]{8})$`)

// answerOf returns the answer that a browser gave to the present notice, and
// when, in ms; empty when it gave none.
func (s *Shop) answerOf(r *http.Request) (answer string, at int64) {
	c, err := r.Cookie(privacyCookie)
	if err != nil {
		return "", 0
	}
	m := privacyForm.FindStringSubmatch(c.Value)
	if m == nil || m[3] != s.notice {
		return "", 0
	}
	at, _ = strconv.ParseInt(m[2], 10, 64) // at most 15 digits
	return m[1], at
}

func (s *Shop) privacyPage(w http.ResponseWriter, r *http.Request) {
	var since string
	if answer, at := s.answerOf(r); answer != "" {
		since = time.UnixMilli(at).UTC().Format("2 January 2006, 15:04 UTC")
	}
	s.show(w, r, http.StatusOK, "privacy", "Privacy choices", since)
}

// answer keeps what a person said: accept, reject or withdraw. The shop's
// script tells tag and Pixel and asks for no page; without scripts there is
// neither, and the form leads to the page of choices.
func (s *Shop) answer(w http.ResponseWriter, r *http.Request) {
	answer := r.PostFormValue("answer")
	switch answer {
	case "accept", "reject":
	case "withdraw":
		answer = "reject"
	default:
		http.Error(w, "An answer is accept, reject or withdraw.", http.StatusBadRequest)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: privacyCookie, Value: fmt.Sprintf("%s.%d.%s", answer, s.o.Now().UnixMilli(), s.notice),
		Path: "/", MaxAge: int(privacyAge.Seconds()),
		SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil,
	})
	if r.Header.Get("X-Shop-Script") != "" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	http.Redirect(w, r, "/privacy", http.StatusSeeOther)
}
