package graphsim

// The script: faults that wait for the requests they hold for.

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of a script.
const (
	maxScript     = 10_000 // lines
	maxScriptSize = 1 << 20
)

func scriptError(i int, err error) error {
	return fmt.Errorf("graphsim: fault %d of the script: %w; nothing of the script was taken", i+1, err)
}

// ReadScript reads faults from JSON lines: one object after another, the keys
// as in [Fault]. It reads at most 1 MiB. Unknown keys are an error: a typo would
// otherwise be a fault that never strikes.
func ReadScript(r io.Reader) ([]Fault, error) {
	limited := &io.LimitedReader{R: r, N: maxScriptSize + 1}
	dec := jsontext.NewDecoder(limited)
	var out []Fault
	for {
		var f Fault
		err := json.UnmarshalDecode(dec, &f, json.RejectUnknownMembers(true))
		switch {
		case limited.N == 0:
			return nil, fmt.Errorf("graphsim: a script has to be at most %d bytes; nothing of it was taken", maxScriptSize)
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, scriptError(len(out), err)
		case len(out) == maxScript:
			return nil, fmt.Errorf("graphsim: a script has to be at most %d lines; nothing of it was taken", maxScript)
		}
		if err := f.filled().check(); err != nil {
			return nil, scriptError(len(out), err)
		}
		out = append(out, f)
	}
}

// Script appends faults to those that wait. Each request to the API takes the
// first one that holds for it; when none does, it is answered on its merits.
// Faults for any request are therefore taken in order, and one for a certain
// event waits until that event comes. Nothing is appended when one of the
// faults makes no sense.
func (s *Sim) Script(faults ...Fault) error {
	for i, f := range faults {
		if err := f.filled().check(); err != nil {
			return scriptError(i, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.script.add(faults)
}

// FaultsLeft is how many requests the script still covers. Faults that hold
// always are not counted: they never run out.
func (s *Sim) FaultsLeft() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.script.left()
}

// Waiting lists the faults that wait, as they were scripted, with the Times
// that are left.
func (s *Sim) Waiting() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.script.faults)
}

// ClearScript forgets the faults that wait, and nothing else.
func (s *Sim) ClearScript() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = script{}
}

// script is what waits, first come first served.
type script struct{ faults []Fault }

func (s *script) add(faults []Fault) error {
	if len(s.faults)+len(faults) > maxScript {
		return fmt.Errorf("graphsim: at most %d faults can wait, %d already do; nothing was added", maxScript, len(s.faults))
	}
	for _, f := range faults {
		if !f.Always {
			f.Times = max(f.Times, 1)
		}
		s.faults = append(s.faults, f)
	}
	return nil
}

// next takes the first fault that holds for a request, and which of its events
// made it hold; the zero Fault when none does, -1 when no event did.
func (s *script) next(r *scripted) (Fault, int) {
	for i := range s.faults {
		event, holds := r.matches(&s.faults[i])
		if !holds {
			continue
		}
		f := s.faults[i]
		switch {
		case f.Times == 1 && i == 0: // the usual case, without moving the rest
			s.faults = s.faults[1:]
		case f.Times == 1:
			s.faults = slices.Delete(s.faults, i, i+1)
		case !f.Always:
			s.faults[i].Times--
		}
		return f, event
	}
	return Fault{}, -1
}

func (s *script) left() int {
	n := 0
	for _, f := range s.faults {
		n += f.Times
	}
	return n
}

// scripted is what a script can tell requests apart by. The events are looked
// into when the first fault asks for them.
type scripted struct {
	edge, dataset string
	data          []jsontext.Value
	at            map[namedEvent]int // the first event with this name and id, with one of them blank too
}

type namedEvent struct{ id, name string }

func (r *scripted) matches(f *Fault) (event int, ok bool) {
	edge := f.Edge
	if edge == "" {
		edge = edgeEvents
	}
	switch {
	case edge != r.edge, f.Dataset != "" && f.Dataset != r.dataset:
		return -1, false
	case f.EventID == "" && f.EventName == "":
		return -1, true
	}
	r.look()
	event, ok = r.at[namedEvent{f.EventID, f.EventName}]
	return event, ok
}

func (r *scripted) look() {
	if r.at != nil {
		return
	}
	r.at = make(map[namedEvent]int, 3*len(r.data))
	for i, raw := range r.data {
		event, _ := members(raw)
		id, _ := text(event.get("event_id"))
		name, _ := text(event.get("event_name"))
		for _, key := range []namedEvent{{id, name}, {id, ""}, {"", name}} {
			if _, taken := r.at[key]; !taken {
				r.at[key] = i
			}
		}
	}
}
