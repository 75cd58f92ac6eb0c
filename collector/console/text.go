package console

// The explanation as plain text, for a terminal or a ticket: the output of
// `matchkey explain`. No colours, no escape sequences; what came from outside
// goes through printable, so that it cannot send any either.

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"matchkey/collector"
)

// WriteText writes the explanation as an aligned report. sentences puts
// reasons into words. Times are UTC.
func (x Explanation) WriteText(w io.Writer, sentences map[collector.Reason]string) error {
	t := &report{w: bufio.NewWriter(w), sentences: sentences}
	for i, e := range x.Events {
		if i > 0 {
			t.line("")
		}
		t.event(e)
	}
	if x.More > 0 {
		t.line("\nAnd %s of this id; name the site to see fewer.", plural(x.More, "more event", "more events"))
	}
	return t.w.Flush()
}

type report struct {
	w         *bufio.Writer
	sentences map[collector.Reason]string
}

// line writes one line without trailing blanks. bufio keeps the first error.
func (t *report) line(format string, args ...any) {
	_, _ = t.w.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

// item writes a labelled line; further values stand under the first. Empty
// values are left out.
func (t *report) item(label string, values ...string) {
	for _, v := range values {
		if v != "" {
			t.line("  %-11s  %s", label, v)
			label = ""
		}
	}
}

func (t *report) event(e EventExplanation) {
	t.line("%s %s", printable(e.Name), printable(ownID(e.Name, e.ID)))
	t.item("site", printable(e.Site))
	t.item("event id", printable(e.ID))
	t.item("occurred", utc(e.OccurredAt)+" UTC")
	var told []string
	for _, c := range e.Told {
		told = append(told, fmt.Sprintf("%-7s  %s · received %s UTC · journal offset %d",
			printable(string(c.Origin)), printable(c.Receipt), utc(c.ReceivedAt), c.Offset))
	}
	t.item("told by", told...)
	if !e.Known {
		t.item("note", "The event itself is no longer kept; its deliveries are.")
	}
	if e.Withheld {
		t.item("withheld", "Consent says no. Nothing of this event is sent, and nothing personal of it is shown.")
	}
	t.item("", t.reasons(e.WithheldWhy)...)
	t.item("page", printable(e.URL))
	t.item("came from", printable(e.Referrer))
	t.item("customer", printable(e.Customer))
	t.item("visitor", printable(e.Visitor))
	t.item("place", printable(e.Place))
	t.item("carried", printable(joined(e.Carried)))
	t.item("properties", printable(strings.Join(e.Properties, ", ")))
	var notes []string
	for _, n := range e.Notes {
		notes = append(notes, printable(n.Field)+": "+t.reason(n.Reason))
	}
	t.item("left out", notes...)
	if len(e.Deliveries) == 0 {
		t.item("deliveries", "none: it matched no scenario")
	}
	for i, d := range e.Deliveries {
		t.line("")
		t.delivery(d, i+1, len(e.Deliveries))
	}
}

func (t *report) delivery(d DeliveryExplanation, n, of int) {
	t.line("delivery %d of %d: %s to %s", n, of, printable(d.Send), printable(d.Destination))
	t.item("state", stateWord(d.State)+", since "+utc(d.MovedAt)+" UTC", stateSays(d.State))
	t.item("why", append(t.reasons(d.Reasons), printable(d.Detail))...)
	t.item("scenario", printable(d.Scenario))
	t.item("matched", utc(d.MatchedAt)+" UTC")
	leftToPerson := d.State == collector.StateInDoubt && !d.DueAt.Before(collector.Never)
	switch {
	case leftToPerson:
		t.item("due", "left to a person, who says what became of it: matchkey resolve --event ID --as delivered (or dead, or resend)")
	case !d.DueAt.IsZero():
		t.item("due", utc(d.DueAt)+" UTC")
	}
	if d.ExpiresWhy != "" && windowMatters(d.State) && !leftToPerson {
		t.item("window ends", utc(d.ExpiresAt)+" UTC; from then on: "+t.reason(d.ExpiresWhy))
	}
	if d.Doubts > 0 {
		t.item("in doubt", plural(d.Doubts, "attempt", "attempts")+" that failed or got no answer; each may have been counted")
	}
	t.decision(d.Decision)
	if d.State == collector.StateWithheld {
		t.line("\n  fields: none is shown, because it is withheld")
	} else {
		t.sent(sentWord(d.State), d.Sent)
		t.dropped(d.Dropped)
	}
	t.attempts(d)
}

func (t *report) decision(d DecisionExplanation) {
	head := outcomeSays(d.Outcome)
	if d.Outcome != "" {
		head += " (" + printable(string(d.Outcome)) + ")"
	}
	if d.Regime != "" {
		head += ", rules " + printable(d.Regime)
	}
	if d.Policy != "" {
		head += ", policy " + printable(d.Policy)
	}
	t.item("consent", append([]string{head}, t.reasons(d.Reasons)...)...)
	if len(d.Purposes) > 0 {
		t.item("needs", printable(strings.Join(d.Purposes, ", ")))
	}
	if len(d.Strip) > 0 {
		t.item("taken out", printable(joined(d.Strip)))
	}
	if d.AttributionOnly {
		t.item("", "asked not to be used for optimisation")
	}
	if d.LimitedUse != nil && d.LimitedUse.Applies {
		t.item("", fmt.Sprintf("limited use applies (country %d, state %d)", d.LimitedUse.Country, d.LimitedUse.State))
	}
	for _, c := range d.Records {
		when := ""
		if !c.At.IsZero() {
			when = utc(c.At) + " UTC  "
		}
		t.item("record", printable(c.ID), when+c.summary())
	}
}

func (t *report) sent(word string, fields []collector.Field) {
	t.line("\n  %s (%d)", word, len(fields))
	if len(fields) == 0 {
		t.line("    nothing")
		return
	}
	rows := [][]string{{"FIELD", "VALUE", "SEEN (UTC)", "FROM", "HOW"}}
	for _, f := range fields {
		rows = append(rows, []string{f.Path, f.Shown, utc(f.At), fieldFrom(f), f.How})
	}
	t.table(rows)
}

func (t *report) dropped(fields []collector.Field) {
	if len(fields) == 0 {
		return
	}
	t.line("\n  not sent (%d)", len(fields))
	rows := [][]string{{"FIELD", "FROM", "WHY"}}
	for _, f := range fields {
		rows = append(rows, []string{f.Path, fieldFrom(f), t.reason(f.Dropped)})
	}
	t.table(rows)
}

func (t *report) attempts(d DeliveryExplanation) {
	t.line("\n  attempts (%d)", len(d.Attempts))
	if len(d.Attempts) == 0 {
		t.line("    %s", noAttempt(d.State))
	}
	for i, a := range d.Attempts {
		parts := []string{rulingSays(a.Ruling)}
		if s := a.answer(); s != "" {
			parts = append(parts, s)
		}
		if s := a.took(); s != "" {
			parts = append(parts, "took "+s)
		}
		t.line("    %-2d  %s UTC  %s", i+1, utc(a.At), strings.Join(parts, ", "))
		if s := used(a.Usage); s != "" {
			t.line("        %s", s)
		}
		if a.Reason != "" {
			t.line("        %s", t.reason(a.Reason))
		}
		if a.Detail != "" {
			t.line("        “%s”", printable(a.Detail))
		}
	}
}

func (t *report) reason(r collector.Reason) string {
	return reasonSays(t.sentences, r) + " (" + printable(string(r)) + ")"
}

func (t *report) reasons(rs []collector.Reason) []string {
	var words []string
	for _, r := range rs {
		words = append(words, t.reason(r))
	}
	return words
}

// maxColumn bounds how far one long value pushes the columns behind it; such a
// row is written in full and loses its alignment.
const maxColumn = 48

// table writes rows with aligned columns.
func (t *report) table(rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i := range row {
			if row[i] = printable(row[i]); row[i] == "" {
				row[i] = "—"
			}
			if n := utf8.RuneCountInString(row[i]); n <= maxColumn {
				widths[i] = max(widths[i], n)
			}
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell)
			b.WriteString(strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(cell))+2))
		}
		t.line("    %s", b.String())
	}
}

// fieldFrom says by which beacon or call a field came, in words.
func fieldFrom(f collector.Field) string {
	if f.From != "" {
		return f.From
	}
	if f.Receipt != "" && f.Event != "" {
		return f.Receipt + " · " + f.Event
	}
	return f.Receipt
}

// ownID is the site's own id of a fact with a deterministic event id, or the
// event id.
func ownID(name, id string) string { return strings.TrimPrefix(id, name+".") }

func joined[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = strings.ReplaceAll(string(s), "_", " ")
	}
	return strings.Join(words, ", ")
}
