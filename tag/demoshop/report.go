package demoshop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// The back end's reports: what a shop's own server tells Matchkey about orders
// and sign-ups. It runs apart from the pages, later, and knows the customer but
// no browser: no cookie, no address, no page.

// maxReports bounds the queue. An order whose report finds no room is an order
// all the same, and the log says so.
const maxReports = 1000

// A report is one event on its way to the edge. Its id never changes, so that a
// repetition after a lost answer is recognised.
type report struct {
	event event
	due   time.Time
	tries int
}

// event is one event of POST /v1/{site}/events.
type event struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	At         time.Time      `json:"at"`
	Customer   person         `json:"customer"`
	Properties map[string]any `json:"properties,omitempty"`
}

type person struct {
	ID    string `json:"id,omitempty"`
	Email string `json:"email,omitempty"`
	Phone string `json:"phone,omitempty"`
}

// enqueue takes a report up and wakes Run. Call with mu held.
func (s *Shop) enqueue(e event) {
	if len(s.reports) >= maxReports {
		s.o.Log.Error("The queue of reports is full; this event will not be reported.", "event", e.Name, "id", e.ID)
		return
	}
	s.reports = append(s.reports, &report{event: e, due: s.o.Now().Add(s.o.PostDelay)})
	select {
	case s.wake <- struct{}{}:
	default: // awake already
	}
}

// Run sends reports when they are due, until ctx ends; then it returns nil, and
// what was not sent yet is still waiting ([Shop.Waiting]). Call it once.
func (s *Shop) Run(ctx context.Context) error {
	for {
		_ = s.post(ctx, func(r *report) bool { return !r.due.After(s.o.Now()) }) // logged, and tried again
		timer := time.NewTimer(s.untilNext())
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-s.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// PostNow sends everything that waits, due or not, one attempt each, and
// returns what went wrong. What did not arrive waits for its next try.
func (s *Shop) PostNow(ctx context.Context) error {
	return s.post(ctx, func(*report) bool { return true })
}

// Waiting returns how many reports are not sent yet.
func (s *Shop) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.reports)
}

// untilNext is the time until the next report is due; an hour when there is none.
func (s *Shop) untilNext() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := time.Hour
	for _, r := range s.reports {
		wait = min(wait, r.due.Sub(s.o.Now()))
	}
	return max(wait, 0)
}

// backoff is the pause after a number of failed tries: 1 s, doubling, up to 30 s.
func backoff(tries int) time.Duration {
	return min(time.Second<<min(max(tries-1, 0), 5), 30*time.Second)
}

// post tries every selected report once, one at a time, in order.
func (s *Shop) post(ctx context.Context, selected func(*report) bool) error {
	s.posting.Lock() // one poster at a time: no report goes out twice at once
	defer s.posting.Unlock()
	s.mu.Lock()
	var todo []*report
	for _, r := range s.reports {
		if selected(r) {
			todo = append(todo, r)
		}
	}
	s.mu.Unlock()
	var errs []error
	for _, r := range todo {
		if ctx.Err() != nil {
			return errors.Join(append(errs, ctx.Err())...)
		}
		again, err := s.send(ctx, r.event)
		s.mu.Lock()
		r.tries++
		r.due = s.o.Now().Add(backoff(r.tries))
		if err == nil || !again {
			s.reports = slices.DeleteFunc(s.reports, func(o *report) bool { return o == r })
		}
		if err == nil && r.event.Name == "purchase" {
			s.reported(r.event.ID)
		}
		s.mu.Unlock()
		switch {
		case err == nil:
			s.o.Log.Info("The shop's back end reported an event.", "event", r.event.Name, "id", r.event.ID)
		case again:
			s.o.Log.Warn("A report did not arrive and will be sent again.", "event", r.event.Name, "id", r.event.ID, "tries", r.tries, "error", err)
		default:
			s.o.Log.Error("A report was refused for good and is given up.", "event", r.event.Name, "id", r.event.ID, "error", err)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// postTimeout bounds one attempt.
const postTimeout = 10 * time.Second

// send makes one attempt. again says whether another one may help: after a
// refusal that will be the same tomorrow it does not.
func (s *Shop) send(ctx context.Context, e event) (again bool, err error) {
	body, err := json.Marshal(map[string][]event{"events": {e}})
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.edge.JoinPath("v1", s.o.Site, "events").String(), bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	req.Header.Set("Authorization", "Bearer "+s.o.WriteKey)
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.o.Transport.RoundTrip(req)
	if err != nil {
		return true, fmt.Errorf("the edge could not be reached: %w", withoutURL(err))
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	switch status := resp.StatusCode; {
	case status == http.StatusAccepted && err == nil:
		return false, rejection(answer)
	case err != nil:
		return true, errors.New("the edge's answer broke off")
	case status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= 500:
		return true, fmt.Errorf("the edge answered %d (%s)", status, resp.Header.Get("X-Matchkey-Reason"))
	default:
		return false, fmt.Errorf("the edge answered %d (%s)", status, resp.Header.Get("X-Matchkey-Reason"))
	}
}

// rejection reads a 202: it may still say that our one event was not taken.
func rejection(answer []byte) error {
	var got struct {
		Rejected []struct {
			Code string `json:"code"`
		} `json:"rejected"`
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		return errors.New("the edge answered 202 with a body that is no JSON")
	}
	if len(got.Rejected) > 0 {
		return fmt.Errorf("the edge rejected the event (%s)", got.Rejected[0].Code)
	}
	return nil
}

func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
