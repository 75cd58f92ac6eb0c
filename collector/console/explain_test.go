package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"matchkey/collector"
)

var update = flag.Bool("update", false, "rewrite the golden files; read the diff")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s changed; run with -update and read the diff (-want +got):\n%s", file, diff)
	}
}

func explained(t *testing.T, f *fake, id string) (Explanation, string) {
	t.Helper()
	x, err := Explain(context.Background(), f, "", id)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := x.WriteText(&text, sentences()); err != nil {
		t.Fatal(err)
	}
	return x, text.String()
}

func TestExplainTextGolden(t *testing.T) {
	f := shop()
	for id, file := range map[string]string{
		"A-1001":          "explain_delivered.txt",
		"purchase.A-1002": "explain_withheld.txt",
		"k3aa":            "explain_unmatched.txt",
		"purchase.A-0900": "explain_dead_without_event.txt",
	} {
		_, text := explained(t, f, id)
		golden(t, file, text)
	}
}

func TestExplainFindsByOrderIDAndByEventID(t *testing.T) {
	f := shop()
	_, byOrder := explained(t, f, "A-1001")
	_, byEvent := explained(t, f, "  purchase.A-1001 ")
	if byOrder != byEvent {
		t.Error("the order's own id and the event id explain different things")
	}
}

func TestExplainNotFoundIsASentenceWithoutTheID(t *testing.T) {
	for _, id := range []string{"", "  ", "jane@example.com"} {
		_, err := Explain(context.Background(), shop(), "shop", id)
		if !errors.Is(err, ErrNotFound) {
			t.Fatalf("id %q: error is %v, want ErrNotFound", id, err)
		}
		if id != "" && strings.Contains(err.Error(), "jane") {
			t.Errorf("the error repeats what was asked for, which may be personal: %v", err)
		}
	}
}

func TestExplainPassesTheReadersErrorOn(t *testing.T) {
	f := shop()
	f.broken = errors.New("disk gone")
	if _, err := Explain(context.Background(), f, "", "A-1001"); !errors.Is(err, f.broken) {
		t.Errorf("error is %v, want it to wrap the reader's", err)
	}
}

// secrets of the fake shop that must appear nowhere.
var secrets = []string{
	"c42-jane", "mfa9x2", "203.0.113.77", "(secret)", "Jane Doe", `{\"secret\"`, "secret\":\"body",
	strings.Repeat("c9", 32), strings.Repeat("7d", 32), "c43-john", "1.refuser", "thanks/john", "secret_name",
}

func TestExplanationHoldsNothingPersonalInTheClear(t *testing.T) {
	f := shop()
	for _, id := range []string{"A-1001", "A-1002", "k3aa", "purchase.A-0901"} {
		x, text := explained(t, f, id)
		asJSON, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			if strings.Contains(text, secret) || strings.Contains(string(asJSON), secret) {
				t.Errorf("explanation of %s shows %q", id, secret)
			}
		}
	}
}

func TestAWithheldEventShowsWhyAndNothingElse(t *testing.T) {
	x, text := explained(t, shop(), "A-1002")
	e := x.Events[0]
	if !e.Withheld || e.URL != "" || e.Customer != "" || e.Visitor != "" || e.Properties != nil || e.Carried != nil {
		t.Errorf("a withheld event is described: %+v", e)
	}
	d := e.Deliveries[0]
	if d.Sent != nil || d.Dropped != nil {
		t.Errorf("a withheld delivery shows fields: %v %v", d.Sent, d.Dropped)
	}
	if diff := cmp.Diff([]Record{{ID: "cr_9"}}, d.Decision.Records); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	for _, want := range []string{"withheld", "The person said no. (consent_denied)", "must not be sent"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
}

func TestOneDestinationWithheldAndOtherNot(t *testing.T) {
	f := shop()
	other := f.deliveries[0]
	other.Key.Destination, other.State = "agency", collector.StateWithheld
	f.deliveries = append(f.deliveries, other)
	x, _ := explained(t, f, "A-1001")
	e := x.Events[0]
	if e.Withheld || len(e.Deliveries) != 2 {
		t.Fatalf("withheld %t with %d deliveries; want false with 2", e.Withheld, len(e.Deliveries))
	}
	for _, d := range e.Deliveries {
		if shows := len(d.Sent) > 0; shows != (d.State == collector.StateDelivered) {
			t.Errorf("delivery to %s in state %s shows fields: %t", d.Destination, d.State, shows)
		}
	}
}

func TestADroppedFieldNeverShowsItsValue(t *testing.T) {
	f := shop()
	f.deliveries[0].Payload.Fields = []collector.Field{{Path: "person.email", Shown: "left-over", Dropped: "malformed"}}
	x, _ := explained(t, f, "A-1001")
	if got := x.Events[0].Deliveries[0].Dropped[0].Shown; got != "" {
		t.Errorf("a dropped field shows %q", got)
	}
}

func TestTextNeutralisesTerminals(t *testing.T) {
	f := shop()
	f.events[0].Event.URL = "https://x/\x1b[31m\x1b]0;owned\x07\u202egnp.exe\r\nfake line\xff"
	_, text := explained(t, f, "A-1001")
	if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && unseen(r) }); i >= 0 {
		t.Errorf("the text holds the unprintable %q", text[i:i+1])
	}
	if strings.Contains(text, "\nfake line") {
		t.Error("a value can begin a line of its own")
	}
	if want := `https://x/\x1b[31m\x1b]0;owned\a\u202egnp.exe\r\nfake line\xff`; !strings.Contains(text, want) {
		t.Errorf("the text lacks %s", want)
	}
}

func TestWriteTextReportsTheWritersError(t *testing.T) {
	x, _ := explained(t, shop(), "A-1001")
	if err := x.WriteText(failing{}, nil); err == nil {
		t.Error("a failing writer gave no error")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("pipe closed") }

func FuzzPrintable(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b[0m", "a\u202eb", "\xff\xfe", "\uFFFD", "日本語", "a\x00b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := printable(s)
		if i := strings.IndexFunc(got, unseen); i >= 0 {
			t.Fatalf("printable(%q) = %q holds something unseen", s, got)
		}
		if again := printable(got); again != got {
			t.Fatalf("printable is not idempotent: %q, then %q", got, again)
		}
	})
}

func TestMasked(t *testing.T) {
	for id, want := range map[string]string{
		"": "", "c": "c…", "c42": "c…", "c42-jane": "c4…", "1.toybxa.mfa9x2": "1.to…", "ééééééééé": "ééé…",
	} {
		if got := masked(id); got != want {
			t.Errorf("masked(%q) = %q, want %q", id, got, want)
		}
	}
}
