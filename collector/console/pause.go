package console

// Stop a destination and let it go again, by hand and by script.

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"matchkey/collector"
)

// maxNote bounds a person's note on a pause, in characters.
const maxNote = 200

// parseNote reads why a person pauses. It is kept and shown as it is written,
// so it is one line of what can be seen.
func parseNote(s string) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case utf8.RuneCountInString(s) > maxNote:
		return "", fmt.Errorf("the note is longer than %d characters", maxNote)
	case !utf8.ValidString(s), strings.IndexFunc(s, unseen) >= 0:
		return "", errors.New("the note holds something that cannot be seen, such as a line break; write one line of plain text")
	}
	return s, nil
}

// standing finds how a configured destination stands.
func (c *console) standing(name string) (collector.DestinationStatus, bool) {
	for _, s := range c.Operations.Destinations() {
		if s.Name == name {
			return s, true
		}
	}
	return collector.DestinationStatus{}, false
}

// An actError says to a person why an act on a destination was not done.
type actError struct {
	status   int
	sentence string
}

// stop pauses the destination that a form names; nil when it is done.
func (c *console) stop(w http.ResponseWriter, r *http.Request) *actError {
	name, failed := c.named(w, r, "paused")
	if failed != nil {
		return failed
	}
	note, err := parseNote(r.Form.Get("note"))
	if err != nil {
		return &actError{http.StatusBadRequest, "Nothing was paused: " + sentence(err)}
	}
	ok, err := c.Operations.Pause(r.Context(), name, note)
	switch {
	case err != nil:
		c.Log.Error("a destination could not be paused", "destination", name, "err", err)
		return &actError{http.StatusInternalServerError, "The pause could not be kept, so it does not hold; the log says why. It is safe to ask again."}
	case !ok:
		return c.unknown("paused")
	}
	c.Log.Info("a person paused a destination", "destination", name)
	return nil
}

// letGo ends the pause of the destination that a form names, and lets its
// breaker try at once. resumed is false when there was nothing to end.
func (c *console) letGo(w http.ResponseWriter, r *http.Request) (resumed bool, failed *actError) {
	name, failed := c.named(w, r, "resumed")
	if failed != nil {
		return false, failed
	}
	resumed, err := c.Operations.Resume(r.Context(), name)
	if err != nil {
		c.Log.Error("a destination could not be resumed", "destination", name, "err", err)
		return false, &actError{http.StatusInternalServerError, "The end of the pause could not be kept, so the pause still holds; the log says why. It is safe to ask again."}
	}
	c.Log.Info("a person asked to resume a destination", "destination", name, "was_stopped", resumed)
	return resumed, nil
}

// named reads which destination is meant.
func (c *console) named(w http.ResponseWriter, r *http.Request, act string) (string, *actError) {
	if err := readForm(w, r); err != nil {
		return "", &actError{http.StatusBadRequest, "The form could not be read, so nothing was " + act + "."}
	}
	name := r.Form.Get("destination")
	if _, ok := c.standing(name); !ok {
		return "", c.unknown(act)
	}
	return name, nil
}

func (c *console) unknown(act string) *actError {
	return &actError{http.StatusNotFound, "No destination of this name is configured, so nothing was " + act + ". The overview and /api/destinations list them."}
}

func (c *console) pause(w http.ResponseWriter, r *http.Request) {
	if failed := c.stop(w, r); failed != nil {
		c.sorry(w, r, failed.status, failed.sentence)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (c *console) resume(w http.ResponseWriter, r *http.Request) {
	if _, failed := c.letGo(w, r); failed != nil {
		c.sorry(w, r, failed.status, failed.sentence)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// apiPause answers POST /api/pause, with the parameters destination and note.
func (c *console) apiPause(w http.ResponseWriter, r *http.Request) {
	if failed := c.stop(w, r); failed != nil {
		apiSorry(w, failed.status, failed.sentence)
		return
	}
	apiAnswer(w, map[string]bool{"paused": true})
}

// apiResume answers POST /api/resume, with the parameter destination.
func (c *console) apiResume(w http.ResponseWriter, r *http.Request) {
	resumed, failed := c.letGo(w, r)
	if failed != nil {
		apiSorry(w, failed.status, failed.sentence)
		return
	}
	apiAnswer(w, map[string]bool{"resumed": resumed})
}
