package collector

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// TestMoves walks every pair of states. The ways that exist are written here a
// second time, as the diagram of the package says them.
func TestMoves(t *testing.T) {
	ways := map[State]string{
		"":             "withheld held waiting pending",
		StateHeld:      "pending withheld expired",
		StateWaiting:   "pending held withheld expired",
		StatePending:   "leased held withheld expired",
		StateLeased:    "delivered dead pending in_doubt withheld held expired",
		StateInDoubt:   "pending delivered dead expired withheld",
		StateDead:      "pending withheld",
		StateDelivered: "", StateWithheld: "", StateExpired: "",
	}
	for from, to := range ways {
		for _, next := range States() {
			d := Delivery{State: from}
			err := d.Move(next, noon, "why")
			if allowed := slices.Contains(strings.Fields(to), string(next)); (err == nil) != allowed {
				t.Errorf("from %q to %q: %v, want allowed %t", from, next, err, allowed)
			}
			if err != nil && d.State != from {
				t.Errorf("a refused move from %q left the delivery in %q", from, d.State)
			}
		}
	}
}

func TestMoveTakesAwayWhatTheStateHasNoUseFor(t *testing.T) {
	full := func() Delivery {
		return Delivery{
			State: StateLeased, Person: Customer("shop", "c1"), Properties: map[string]any{"value": 1},
			DueAt: noon, Lease: Lease{ID: "l", Until: noon},
			Payload: Payload{Body: []byte("x"), Fields: []Field{{Path: "a"}}},
		}
	}
	for state, check := range map[State]func(Delivery) bool{
		StateDelivered: func(d Delivery) bool {
			return d.Payload.Body == nil && len(d.Payload.Fields) == 1 && d.Lease == Lease{} && d.DueAt.IsZero()
		},
		StatePending:  func(d Delivery) bool { return d.Payload.Body != nil && d.Lease == Lease{} && !d.DueAt.IsZero() },
		StateInDoubt:  func(d Delivery) bool { return d.Payload.Body != nil && !d.DueAt.IsZero() },
		StateWithheld: func(d Delivery) bool { return d.Person.IsZero() && d.Properties == nil && len(d.Payload.Fields) == 0 },
	} {
		d := full()
		if err := d.Move(state, noon); err != nil || !check(d) {
			t.Errorf("%s leaves %+v (%v)", state, d, err)
		}
	}
}

func TestAttemptsAreBounded(t *testing.T) {
	var d Delivery
	for i := range 100 {
		d.Begin(noon.Add(time.Duration(i) * time.Minute))
	}
	first, last := d.Attempts[0], d.Attempts[len(d.Attempts)-1]
	if len(d.Attempts) != MaxAttemptsKept || !first.At.Equal(noon) || !last.At.Equal(noon.Add(99*time.Minute)) {
		t.Errorf("%d attempts from %s to %s; want %d with the first and the newest", len(d.Attempts), first.At, last.At, MaxAttemptsKept)
	}
}

// TestEveryReasonHasASentence: a code without words is a log, not an answer.
func TestEveryReasonHasASentence(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	sentences, seen := Sentences(), 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for _, v := range spec.Values {
			lit, ok := v.(*ast.BasicLit)
			if !ok {
				continue
			}
			code, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			seen++
			if s := sentences[Reason(code)]; !strings.HasSuffix(s, ".") {
				t.Errorf("reason %s has the sentence %q", code, s)
			}
		}
		return true
	})
	if seen != len(sentences) {
		t.Errorf("%d reasons and %d sentences", seen, len(sentences))
	}
}
