package main

import (
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"matchkey/collector"
	"matchkey/collector/engine"
	"matchkey/collector/meta/graphsim"
)

func TestWatchedSaysSoOnceAContentIsWhole(t *testing.T) {
	gone := errors.New("gone")
	var w watched
	w.loaded([]byte("a"), nil)
	for i, look := range []struct {
		text string
		err  error
		want bool
	}{
		{"a", nil, false}, {"a b", nil, false}, {"a b c", nil, false}, // being written
		{"a b c", nil, true}, {"a b c", nil, false},
		{"", gone, false}, {"d", nil, false}, {"", gone, false}, {"d", nil, false}, {"d", nil, true},
		{"a", nil, false}, {"d", nil, false}, {"d", nil, false}, // there and back again
	} {
		if got := w.changed([]byte(look.text), look.err); got != look.want {
			t.Errorf("look %d at %q: %t, want %t", i, look.text, got, look.want)
		}
	}
}

// TestReloadIsAllOrNothing: scenarios are taken over; a fault, or a change of what
// they stand on, leaves everything as it was and says so.
func TestReloadIsAllOrNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "matchkey.yaml")
	base := strings.Replace(leastFile, "%s", "\n      - {preset: purchase, consent: advertising, to: [main]}\n", 1)
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(base)
	var errs, log strings.Builder
	p := &program{ctx: t.Context(), stderr: &errs, env: func(name string) (string, bool) { v, ok := secrets[name]; return v, ok }}
	_, rules, err := p.load(path)
	if err != nil {
		t.Fatal(err)
	}
	var sets []map[string]engine.Site
	r := newReload(rules, func(s map[string]engine.Site) error { sets = append(sets, s); return nil }, slog.New(slog.NewTextHandler(&log, nil)))
	matches := func(name string) bool {
		conversions, _ := sets[len(sets)-1]["shop"].Matcher.Match(collector.Event{Site: "shop", Name: name}, collector.Profile{})
		return len(conversions) == 1
	}
	more := base + "      - {preset: lead, consent: advertising, to: [main]}\n"
	for _, step := range []struct {
		name, text string
		sets       int // taken over so far
		alarm      collector.Reason
		says       string // in the log or the alarm
	}{
		{"the same file", base, 1, "", "took over"},
		{"a further scenario", more, 2, "", "changed=[shop/lead]"},
		{"a fault", strings.Replace(more, "preset: lead", "preset: laed", 1), 2, collector.ReasonConfigRefused, "line 14"},
		{"a condition that cannot be read", strings.Replace(more, "preset: lead,", "preset: lead, when: event.valu > 1,", 1), 2, collector.ReasonConfigRefused, "line 14"},
		{"another consent", strings.Replace(more, "purposes: [ads_measurement]", "purposes: [ads_measurement, ads_matching]", 1), 2, collector.ReasonConfigRefused, "consent of shop"},
		{"a further destination", strings.Replace(more, "sites:", `  - name: second
    meta: {dataset: "1234567891", token: "${env:META_TOKEN}"}
sites:`, 1), 2, collector.ReasonConfigRefused, "a restart is needed for: destinations"},
		{"another site", strings.Replace(more, "name: shop", "name: shoop", 1), 2, collector.ReasonConfigRefused, "a restart is needed for: sites"},
		{"the mended file", more, 3, "", "took over"},
		{"something beside the scenarios", "listen: :9000\nretention: {sessions: 20d}\nencryption: {key: \"${env:MATCHKEY_ENCRYPTION_KEY}\"}\n" + more, 4, collector.ReasonConfigWaits, "encryption, listen, retention"},
		{"and another", "listen: :9000\n" + strings.Replace(more, "[https://shop.example]", "[https://shop.example, https://www.shop.example]", 1), 5, collector.ReasonConfigWaits, "listen, site shop"},
		{"and back", base, 6, "", "changed=[shop/lead]"},
	} {
		log.Reset()
		write(step.text)
		r.read(p, path)
		alarms := r.alarms()
		if len(sets) != step.sets || (step.alarm == "") != (len(alarms) == 0) || step.alarm != "" && alarms[0].Reason != step.alarm {
			t.Errorf("%s: taken over %d times, want %d; alarms %+v, want %q", step.name, len(sets), step.sets, alarms, step.alarm)
		}
		said := log.String()
		for _, a := range alarms {
			said += a.Detail
		}
		if !strings.Contains(said, step.says) || strings.Contains(said, secrets["META_TOKEN"]) {
			t.Errorf("%s: want %q in %s", step.name, step.says, said)
		}
		if step.sets > 1 && step.sets < 6 && !matches("lead") || !matches("purchase") || step.sets == 6 && matches("lead") {
			t.Errorf("%s: the scenarios that run are not those of the file last taken over", step.name)
		}
	}
	if n := len(r.siteInfos()[0].Scenarios); n != 1 {
		t.Errorf("the console shows %d scenarios, want the one that runs", n)
	}
}

// TestARunningProcessTakesOverScenarios by the file alone and by SIGHUP.
func TestARunningProcessTakesOverScenarios(t *testing.T) {
	graph := httptest.NewServer(graphsim.New(graphsim.Options{}))
	defer graph.Close()
	file := processConfig(t, graph.URL)
	p := startProcess(t, file)
	p.accept(t, noticeHash(t, file))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	change := func(old, now string) {
		t.Helper()
		changed := strings.Replace(string(text), old, now, 1)
		if err := os.WriteFile(file+".new", []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	until := func(what string, done func() bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("in vain waited until %s\n%s", what, p.log)
			}
		}
	}
	change("on: purchase", "on: bought")
	until("the changed file was taken over", func() bool { return strings.Contains(p.log.String(), "changed=[shop/purchase]") })
	if !p.post(t.Context(), `{"events":[{"id":"R-1","name":"bought","customer":{"id":"c-42"},"properties":{"value":20,"currency":"EUR"}}]}`) {
		t.Fatal("the purchase was not acknowledged")
	}
	p.waitDelivered(t, "bought.R-1")

	change("on: purchase", "on: ")
	p.signal(t, syscall.SIGHUP)
	status := func() string {
		out, _, _ := command(t, nil, "", "status", "--console", p.console)
		return out
	}
	until("a bad file was refused", func() bool { return strings.Contains(status(), "ALARM configuration_not_taken") })
	if !p.post(t.Context(), `{"events":[{"id":"R-2","name":"bought","customer":{"id":"c-42"},"properties":{"value":20,"currency":"EUR"}}]}`) {
		t.Fatal("the purchase was not acknowledged")
	}
	p.waitDelivered(t, "bought.R-2")
	change("on: purchase", "on: bought")
	until("the mended file was taken over", func() bool { return !strings.Contains(status(), "ALARM") })
}
