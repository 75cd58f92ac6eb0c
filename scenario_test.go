package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"matchkey/collector/meta/graphsim"
)

// TestScenariosAreTriedWithoutSending previews an event with a real process and its
// backup, and compares a changed file with what became of the day's events.
func TestScenariosAreTriedWithoutSending(t *testing.T) {
	graph := httptest.NewServer(graphsim.New(graphsim.Options{}))
	defer graph.Close()
	file := processConfig(t, graph.URL)
	p := startProcess(t, file)
	p.accept(t, noticeHash(t, file))
	for _, id := range []string{"S-1", "S-2"} {
		if !p.post(t.Context(), `{"events":[{"id":"`+id+`","name":"purchase","customer":{"id":"c-42"},"properties":{"value":20,"currency":"EUR"}}]}`) {
			t.Fatal("the purchase was not acknowledged")
		}
		p.waitDelivered(t, id)
	}

	dir := t.TempDir()
	event := filepath.Join(dir, "event.json")
	if err := os.WriteFile(event, []byte(`{"id":"X-9","name":"purchase","customer":{"email":"Ada@Example.com"},"properties":{"value":1.5,"currency":"EUR","coupon":"X"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"TEST_TOKEN": "token-of-the-process-test", "TEST_KEY": processKey}
	out, errs, code := command(t, env, "", "scenario", "preview", "--config", file, "--console", p.console, "--event", event, "--customer", "c-42")
	for _, want := range []string{"event purchase.X-9 of shop", "its person is known", "scenario purchase sends Purchase", "main would get", "user_data.em = ", "custom_data.value = 1.5"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Fatalf("exit %d, want %q in\n%s%s", code, want, out, errs)
		}
	}
	if strings.Contains(strings.ToLower(out), "ada@example.com") || strings.Contains(out, hash("ada@example.com")) {
		t.Errorf("the preview shows a person:\n%s", out)
	}
	backup := filepath.Join(dir, "backup")
	if _, errs, code := command(t, nil, "", "backup", "--console", p.console, backup); code != 0 {
		t.Fatalf("backup: %s", errs)
	}

	// The same under a changed file, over the backup.
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(dir, "changed.yaml")
	more := `scenarios: [{name: big, on: purchase, when: event.value > 10, consent: advertising, send: BigOrder, to: [main]}, {name: purchase, on: purchase, when: event.value < 20, consent: advertising, send: Purchase, to: [main], identifiers: {email: off}}]`
	before, _, _ := strings.Cut(string(text), "scenarios:")
	if err := os.WriteFile(changed, []byte(before+more+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, code = command(t, env, "", "scenario", "preview", "--config", changed, "--data", backup, "--event", event, "--customer", "c-42")
	if code != 0 || !strings.Contains(out, "- user_data.em: scenario purchase: The scenario leaves it out.") || strings.Contains(out, "BigOrder") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	out, errs, code = command(t, env, "", "scenario", "diff", "--config", changed, "--data", backup)
	for _, want := range []string{
		"       0        2        0  shop/big: BigOrder to main  (purchase.S-1, purchase.S-2)",
		"       0        0        2  shop/purchase: Purchase to main  (purchase.S-1, purchase.S-2)",
	} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit %d, want %q in\n%s%s", code, want, out, errs)
		}
	}
	out, _, code = command(t, env, "", "scenario", "diff", "--config", file, "--data", backup)
	if code != 0 || !strings.Contains(out, "Every event is a conversion of the same scenarios as it was.") {
		t.Errorf("exit %d, the unchanged file differs:\n%s", code, out)
	}
	if _, errs, code := command(t, env, `{"id":"X","name":"no name","customer":{"id":"c"}}`, "scenario", "preview", "--config", file, "--data", backup, "--event", "-"); code == 0 || !strings.Contains(errs, "the event would not be taken") {
		t.Errorf("exit %d for an event that the edge refuses: %s", code, errs)
	}
}

// TestAPredictionIsAnEvent: a score that a warehouse job sends is a conversion by the
// scenario of the documentation, and the score goes along.
func TestAPredictionIsAnEvent(t *testing.T) {
	doc, err := os.ReadFile("docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "      - name: likely_to_leave\n")
	scenario, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("the documentation has no scenario of a score")
	}
	graph := httptest.NewServer(graphsim.New(graphsim.Options{}))
	defer graph.Close()
	file := processConfig(t, graph.URL)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(text), "scenarios:")
	if err := os.WriteFile(file, []byte(before+"scenarios:\n      - name: likely_to_leave\n"+scenario), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, file)
	p.accept(t, noticeHash(t, file))
	for _, body := range []string{
		`{"id":"c-42-low","name":"churn_score","customer":{"id":"c-42"},"properties":{"score":0.2}}`,
		`{"id":"c-42-nov","name":"churn_score","customer":{"id":"c-42"},"properties":{"score":0.91}}`,
		`{"id":"c-42-dec","name":"churn_score","customer":{"id":"c-42"},"properties":{"score":0.95}}`,
	} {
		if !p.post(t.Context(), `{"events":[`+body+`]}`) {
			t.Fatal("the score was not acknowledged")
		}
	}
	p.waitDelivered(t, "churn_score.c-42-nov")
	out, _, _ := command(t, nil, "", "explain", "--console", p.console, "churn_score.c-42-nov")
	if !strings.Contains(out, "custom_data.score") || !strings.Contains(out, "0.91") {
		t.Errorf("the score did not go along:\n%s", out)
	}
	out, _, _ = command(t, nil, "", "explain", "--console", p.console, "churn_score.c-42-dec")
	if !strings.Contains(out, "scenario.likely_to_leave.limit") || !strings.Contains(out, "it matched no scenario") {
		t.Errorf("the second score of a month went, too:\n%s", out)
	}
}
