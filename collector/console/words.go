package console

// States, reasons and times in words for people: the same words on every page,
// in the plain text and in titles.

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"matchkey/collector"
)

// stateWord is the glossary's word for a state.
func stateWord(s collector.State) string {
	return strings.ReplaceAll(string(s), "_", " ")
}

// stateSays explains a state in a sentence.
func stateSays(s collector.State) string {
	switch s {
	case collector.StateDelivered:
		return "The destination accepted it."
	case collector.StateWithheld:
		return "Consent says no, so it is not sent."
	case collector.StateHeld:
		return "Consent is not known yet. It is decided again when an answer comes, or when the hold ends."
	case collector.StateWaiting:
		return "It may go. Identifiers may still arrive, so it waits for a bounded time."
	case collector.StatePending:
		return "It will be sent when it is due."
	case collector.StateLeased:
		return "It is being sent now."
	case collector.StateInDoubt:
		return "It was sent and no answer came. The destination may have counted it."
	case collector.StateDead:
		return "The destination, or a check it would make, refused it. A person can redrive it."
	case collector.StateExpired:
		return "It became too old for the destination before it could be sent."
	}
	return "A state that this version does not know."
}

// reasonSays is a reason's sentence; its code in words when it has none.
func reasonSays(sentences map[collector.Reason]string, r collector.Reason) string {
	if s := sentences[r]; s != "" {
		return s
	}
	return printable(strings.ReplaceAll(string(r), "_", " "))
}

// outcomeSays explains a decision's outcome.
func outcomeSays(o collector.Outcome) string {
	switch o {
	case collector.SendFull:
		return "may be sent in full"
	case collector.SendReduced:
		return "may be sent, reduced"
	case collector.Hold:
		return "held until consent is known"
	case collector.Drop:
		return "must not be sent"
	case "":
		return "not decided yet"
	}
	return printable(string(o))
}

// sentWord heads the fields of a payload: only what was accepted is known to
// have been sent; a check may have stopped the others before.
func sentWord(s collector.State) string {
	if s == collector.StateDelivered {
		return "sent"
	}
	return "prepared"
}

// noAttempt says that nothing was tried, and whether it will be.
func noAttempt(s collector.State) string {
	if s.Open() {
		return "none yet"
	}
	return "none"
}

// windowMatters reports whether it matters to a delivery in this state when
// the destination's window ends, or ended.
func windowMatters(s collector.State) bool {
	return s.Open() || s == collector.StateDead || s == collector.StateExpired
}

// dueSays names what happens to a delivery in a timed state when it is due.
func dueSays(s collector.State) string {
	switch s {
	case collector.StateHeld, collector.StateWaiting:
		return "Decided again"
	case collector.StatePending, collector.StateInDoubt:
		return "Next attempt"
	}
	return "Due"
}

// rulingSays explains what a destination answered.
func rulingSays(r collector.Ruling) string {
	switch r {
	case collector.Accepted:
		return "accepted"
	case collector.Retry:
		return "not taken, may be later"
	case collector.Rejected:
		return "rejected"
	case collector.Blocked:
		return "blocked until a person acts"
	case collector.InDoubt:
		return "no answer: in doubt"
	case "":
		return "under way"
	}
	return printable(string(r))
}

// answer puts the destination's numbers into one line.
func (a Attempt) answer() string {
	var parts []string
	add := func(name string, n int) {
		if n != 0 {
			parts = append(parts, name+" "+strconv.Itoa(n))
		}
	}
	add("status", a.Status)
	add("code", a.Code)
	add("subcode", a.Subcode)
	if a.Trace != "" {
		parts = append(parts, "trace "+printable(a.Trace))
	}
	if a.RetryAfterSeconds > 0 {
		after := time.Duration(a.RetryAfterSeconds * float64(time.Second))
		parts = append(parts, "asked to wait "+span(after))
	}
	return strings.Join(parts, ", ")
}

// checkSays explains what a destination answered when it was asked how it stands.
func checkSays(r collector.Ruling) string {
	switch r {
	case collector.Accepted:
		return "It would take events."
	case collector.Blocked:
		return "It takes nothing until a person acts."
	}
	return "It could not be asked."
}

// used says what an answer told of the rate limit, "" when nothing.
func used(u collector.Usage) string {
	if u == (collector.Usage{}) {
		return ""
	}
	s := strconv.Itoa(u.Percent) + "% of the rate limit used"
	if u.RegainSeconds > 0 {
		s += ", free again in " + rough(time.Duration(u.RegainSeconds)*time.Second)
	}
	if u.Said != "" {
		s += ": " + printable(u.Said)
	}
	return s
}

// took is how long an attempt lasted, "" while it is under way.
func (a Attempt) took() string {
	if a.EndedAt.IsZero() {
		return ""
	}
	return span(a.EndedAt.Sub(a.At))
}

// summary says who answered what, where and how.
func (c Record) summary() string {
	if c.Action == "" {
		return "not shown here, or no longer kept"
	}
	s := fmt.Sprintf("%s of %s by the %s", c.Action, purposeWord(c.Purpose), c.About)
	if c.Source != "" {
		s += " (" + c.Source + ")"
	}
	if c.Notice != "" {
		s += ", text " + shortened(c.Notice, 13)
	}
	if c.Language != "" {
		s += " in " + c.Language
	}
	if c.Receipt != "" {
		s += ", " + c.Receipt
	}
	return printable(s)
}

func purposeWord(p string) string {
	if p == "*" {
		return "all purposes"
	}
	return p
}

// utc is a time to the second.
func utc(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// span is a length of time as people write it: 182 ms, 1.5 s, 5 min.
func span(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond)/time.Millisecond)
	case d < time.Minute:
		return strconv.FormatFloat(d.Round(100*time.Millisecond).Seconds(), 'f', -1, 64) + " s"
	case d < time.Hour && d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return d.Round(time.Second).String()
}

// ago says how long before now, or after it, a time is, roughly.
func ago(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case d >= 0 && d < time.Second*2, d < 0 && d > -time.Second*2:
		return "now"
	case d < 0:
		return "in " + rough(-d)
	}
	return rough(d) + " ago"
}

// lasted is how long something lasts since a time, roughly.
func lasted(since, now time.Time) string {
	if since.IsZero() {
		return "—"
	}
	return rough(max(0, now.Sub(since)))
}

// left is how long it is until a time, roughly.
func left(t, now time.Time) string {
	if !t.After(now) {
		return "now"
	}
	return rough(t.Sub(now))
}

func rough(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

// grouped writes a number with thousands set apart.
func grouped(n int) string { return message.NewPrinter(language.English).Sprintf("%d", n) }

// percent never rounds up to everything, nor down to nothing.
func percent(n, of int) string {
	switch {
	case of <= 0:
		return "–"
	case n <= 0:
		return "0%"
	case n >= of:
		return "100%"
	}
	p := 100 * float64(n) / float64(of)
	switch {
	case p < 0.1:
		return "<0.1%"
	case p > 99.9:
		return ">99.9%"
	case p < 1, p > 99:
		return strconv.FormatFloat(p, 'f', 1, 64) + "%"
	}
	return strconv.FormatFloat(p, 'f', 0, 64) + "%"
}

// plural picks the word for a count and sets the count before it.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}
