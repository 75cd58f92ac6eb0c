// Package console is what an analyst reads: server-rendered pages and a small
// JSON API on a listener of its own. Each page answers one question, with the
// number first, the reason second and the act third:
//
//	/            does it add up, and is anything stuck?      overview.go, standing.go
//	/deliveries  which conversions went, and which did not?  deliveries.go
//	/event       why did this order look like that?          event.go
//	/match       what would make more of them match?         match.go
//	/install     what do I paste into my shop?               install.go
//	/redrive     what would be sent again?                   redrive.go
//	/resolve     what became of those in doubt?              resolve.go
//	/person      what is kept of a person, and erase it      person.go
//	/api/…       the same answers as JSON                    api.go
//
// It is separate from everything that moves data: it reads through
// [collector.Reader], and the only acts it can ask for are those of
// [collector.Operations] (redrive.go, resolve.go, pause.go, person.go). It knows no vendor: a destination's
// fields and answers are shown in the destination's own words.
//
// [Explain] is the lineage of one event, and [Explanation.WriteText] its plain
// text; `matchkey explain` prints the same.
//
// # What it promises
//
//   - Nothing personal is shown in the clear: values as the lineage masked
//     them, ids of people shortened ([Explain]); of an event that was withheld
//     only its name, times and the reasons. Only a person's own record, which is
//     downloaded, has all that is kept.
//   - Whatever came from outside is hostile. html/template escapes it, what
//     would reorder or hide text is made visible (printable.go), and the
//     content security policy allows no script and no inline style (guard.go).
//   - Every query is bounded (query.go), every page is built from counters or
//     from one page of rows, never from a scan.
//   - Only loopback names, or configured ones, or people with the password get
//     an answer; an act needs a request of the same origin (guard.go).
//
// There is no script: pages work without one, so the policy can forbid it.
package console
