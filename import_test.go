package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"matchkey/collector"
	"matchkey/collector/meta/graphsim"
)

// TestEventRows: what rows become, of a table and of lines alike.
func TestEventRows(t *testing.T) {
	mapped := []string{"order_no=id", "mail=email", "note=", "name=properties.name"}
	for name, c := range map[string]struct {
		mapping     []string
		table, line string
		want, code  string
	}{
		"by their names": {
			table: "event_id,Customer,occurred_at,email,value,currency,score,vip,sku,big\n1,c42,2026-11-24T10:00:00Z, ada@example.com ,59.9,EUR,0.91,true,007,12345678901234567890\n",
			want: `{"at":"2026-11-24T10:00:00Z","customer":{"email":"ada@example.com","id":"c42"},"id":"1","name":"renewed",` +
				`"properties":{"big":"12345678901234567890","currency":"EUR","score":0.91,"sku":"007","value":59.9,"vip":true}}`,
		},
		"by a mapping": {
			mapping: mapped, table: "order_no,mail,note,name,customer\n1,a@b.example,x,Teapot,c42\n",
			want: `{"customer":{"email":"a@b.example","id":"c42"},"id":"1","name":"renewed","properties":{"name":"Teapot"}}`,
		},
		"flat lines have types": {
			line: `{"id":7,"customer":42,"visitor":null,"event":"scored","score":0.5,"list":[1],"integrations":{"meta":{}}}`,
			want: `{"customer":{"id":"42"},"id":"7","integrations":{"meta":{}},"name":"scored","properties":{"list":[1],"score":0.5}}`,
		},
		"events as they are": {
			line: `{"id":"7","name":"scored","customer":{"id":"c"},"properties":{"id":"x"},"odd":1}`,
			want: `{"customer":{"id":"c"},"id":"7","name":"scored","odd":1,"properties":{"id":"x"}}`,
		},
		"no id and nothing to make one of":  {table: "customer,score\nc42,1\n", code: codeNameless},
		"an e-mail alone makes no id":       {table: "email,at\na@b.example,2026-11-24T10:00:00Z\n", code: codeNameless},
		"a customer that is a list":         {line: `{"id":"1","customer":["c"]}`, code: codeField},
		"two members that are one field":    {line: `{"id":"1","event_id":"1","customer":"c"}`, code: codeTwice},
		"a member twice":                    {line: `{"id":"1","id":"2","customer":"c"}`, code: codeUnreadable},
		"a list":                            {line: `[]`, code: codeUnreadable},
		"a line with more than its columns": {table: "id\n1,2\n", code: codeUnreadable},
	} {
		t.Run(name, func(t *testing.T) {
			form, err := newEventForm("renewed", "", c.mapping)
			if err != nil {
				t.Fatal(err)
			}
			var rows rowReader = newLineRows(strings.NewReader(c.line), form)
			if c.table != "" {
				if rows, err = newTableRows(strings.NewReader(c.table), form); err != nil {
					t.Fatal(err)
				}
			}
			r, err := rows.next()
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case c.code == "" && (r.why != nil || string(r.text) != c.want):
				t.Errorf("it became %s, %v\nwant      %s", r.text, r.why, c.want)
			case c.code != "" && (r.why == nil || r.why.code != c.code):
				t.Errorf("it became %s, %v, want %s", r.text, r.why, c.code)
			}
		})
	}
}

// TestMadeIDs: the same row has the same id whatever contact data stands in it, and
// another row another.
func TestMadeIDs(t *testing.T) {
	form, err := newEventForm("renewed", collector.ChannelSystem, nil)
	if err != nil {
		t.Fatal(err)
	}
	id := func(line string) string {
		t.Helper()
		text, err := form.object([]byte(line))
		var e struct{ ID string }
		if err != nil || json.Unmarshal(text, &e) != nil || !strings.HasPrefix(e.ID, "row-") {
			t.Fatalf("%s became %s, %v", line, text, err)
		}
		return e.ID
	}
	one := id(`{"customer":"c1","at":"2026-11-24T10:00:00Z","value":5}`)
	if again := id(`{"value":5,"at":"2026-11-24T10:00:00Z","customer":"c1","email":"ada@example.com"}`); again != one {
		t.Error("an e-mail address changed the id, so it holds a trace of it")
	}
	if nested := id(`{"customer":{"id":"c1","phone":"+491713920042"},"at":"2026-11-24T10:00:00Z","properties":{"value":5}}`); nested != one {
		t.Error("the same event in its other form has another id")
	}
	for _, other := range []string{
		`{"customer":"c2","at":"2026-11-24T10:00:00Z","value":5}`,
		`{"customer":"c1","at":"2026-12-24T10:00:00Z","value":5}`,
		`{"customer":"c1","at":"2026-11-24T10:00:00Z","value":6}`,
	} {
		if id(other) == one {
			t.Errorf("%s has the same id", other)
		}
	}
}

func TestMappingsThatMeanNothing(t *testing.T) {
	for _, m := range [][]string{{"x"}, {"=id"}, {"x=emial"}, {"x=properties."}, {"x=id", "x=email"}} {
		if _, err := newEventForm("", "", m); err == nil {
			t.Errorf("%v is taken", m)
		}
	}
	if _, err := newEventForm("", "shop", nil); err == nil {
		t.Error("a channel that is none is taken")
	}
	for _, head := range []string{"id,event_id\n", "id,mail\n"} {
		form, err := newEventForm("", "", []string{"id=id"})
		if err != nil {
			t.Fatal(err)
		}
		if head == "id,mail\n" {
			form.mapping["nowhere"] = "id"
		}
		if _, err := newTableRows(strings.NewReader(head), form); err == nil {
			t.Errorf("the header %q is taken", head)
		}
	}
}

// said is an answer of an edge that is none.
func said(status int, body string, header ...string) *http.Response {
	r := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// TestABusyEdge: a batch is posted until it is answered for, not before it may be.
func TestABusyEdge(t *testing.T) {
	answers := []*http.Response{
		said(503, `{"code":"journal_busy","message":"Busy."}`, "Retry-After", "4"), said(502, "<html>"), nil, said(202, `{"accep`),
		said(429, "", "Retry-After", "90"), said(202, `{"accepted":1}`),
	}
	var waits []time.Duration
	var bodies []string
	b := &bulk{
		out:  filepath.Join(t.TempDir(), "errors"),
		wait: func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil },
		post: func(_ context.Context, body []byte) (*http.Response, error) {
			bodies = append(bodies, string(body))
			a := answers[len(bodies)-1]
			if a == nil {
				return nil, errors.New("refused")
			}
			return a, nil
		},
	}
	form, _ := newEventForm("renewed", "", nil)
	open := func() (rowReader, io.Closer, error) {
		return newLineRows(strings.NewReader(`{"id":"1","customer":"c"}`), form), io.NopCloser(nil), nil
	}
	if err := b.run(t.Context(), open); err != nil || b.Accepted != 1 {
		t.Errorf("%+v, %v", b.tally, err)
	}
	if want := fmt.Sprint([]time.Duration{4e9, 1e9, 1e9, 1e9, 90e9}); fmt.Sprint(waits) != want {
		t.Errorf("it waited %v, want %s", waits, want)
	}
	for _, body := range bodies {
		if body != bodies[0] {
			t.Errorf("it sent %q and then %q", bodies[0], body)
		}
	}
	for want, answer := range map[string]*http.Response{
		"does not take the import (401): Wrong key.": said(401, `{"code":"write_key_wrong","message":"Wrong key."}`),
		"asks to come again in 2h":                   said(503, "", "Retry-After", "7200"),
	} {
		b := &bulk{post: func(context.Context, []byte) (*http.Response, error) { return answer, nil }}
		if err := b.run(t.Context(), open); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestAnImportGoesOn: however often it is cut off, every row is posted, those that were
// answered for are not posted again, and the rows that were not taken are written down
// once.
func TestAnImportGoesOn(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 1))
	dir := t.TempDir()
	file := filepath.Join(dir, "events.ndjson")
	const n = 4000
	var text bytes.Buffer
	bad := 0
	for i := range n {
		switch chance.IntN(20) {
		case 0:
			bad++
			text.WriteString("not json\n")
		case 1:
			bad++
			fmt.Fprintf(&text, `{"id":"refuse-%d","customer":"c"}`+"\n", i)
		default:
			fmt.Fprintf(&text, `{"id":"%d","customer":"c"}`+"\n", i)
		}
	}
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	posted := map[string]int{}
	cut := errors.New("cut off")
	runOnce := func(cuts bool) (*bulk, error) {
		b := &bulk{
			out:  file + ".errors.ndjson",
			wait: func(context.Context, time.Duration) error { return cut },
			post: func(_ context.Context, body []byte) (*http.Response, error) {
				if cuts && chance.IntN(3) == 0 {
					return nil, cut
				}
				var a batchAnswer
				for i, line := range strings.Split(strings.TrimSpace(string(body)), "\n") {
					if strings.Contains(line, "refuse-") {
						a.Rejected = append(a.Rejected, rowFault{i, "no", "No."})
						continue
					}
					posted[line]++
					a.Accepted++
				}
				text, err := json.Marshal(a)
				return said(202, string(text)), err
			},
		}
		var err error
		if b.progress, err = openProgress(file+".progress.json", "edge"); err != nil {
			t.Fatal(err)
		}
		form, _ := newEventForm("renewed", "", nil)
		return b, b.run(t.Context(), func() (rowReader, io.Closer, error) { return openRows(&program{}, file, form) })
	}
	b, err := runOnce(true)
	for err != nil {
		if !errors.Is(err, cut) {
			t.Fatal(err)
		}
		// What was written behind the last saved line is of a batch that is sent again.
		if chance.IntN(2) == 0 && b.file != nil {
			if f, err := os.OpenFile(b.out, os.O_APPEND|os.O_WRONLY, 0); err == nil {
				fmt.Fprintln(f, `{"line":1,"code":"torn`)
				f.Close()
			}
		}
		b, err = runOnce(true)
	}
	if b.Rows != n || b.Accepted != n-bad || b.Rejected != bad || len(posted) != n-bad {
		t.Errorf("%+v and %d posted, want %d of %d", b.tally, len(posted), n-bad, n)
	}
	for line, times := range posted {
		if times != 1 {
			t.Errorf("%s was posted %d times", line, times)
		}
	}
	faults, err := os.ReadFile(b.out)
	if err != nil || bytes.Count(faults, []byte("\n")) != bad || bytes.Contains(faults, []byte("torn")) {
		t.Errorf("%d rows are written down, want %d, %v", bytes.Count(faults, []byte("\n")), bad, err)
	}
	if _, err := os.Stat(file + ".progress.json"); err == nil {
		t.Error("the progress of an import that is done is still there")
	}

	// A file that changed before the line that was reached begins anew.
	if err := os.WriteFile(file, append([]byte(`{"id":"first","customer":"c"}`+"\n"), text.Bytes()...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file+".progress.json", []byte(`{"to":"edge","sha256":"00","rows":{"line":500,"rows":500}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	clear(posted)
	if b, err := runOnce(false); err != nil || b.Rows != n+1 || len(posted) != n-bad+1 {
		t.Errorf("%+v, %v", b.tally, err)
	}
}

// TestImportIntoAProcess imports a warehouse's and a till's files into a real process:
// what is taken is sent, what is not is told by line, and no word of it says whose it was.
func TestImportIntoAProcess(t *testing.T) {
	graph := httptest.NewServer(graphsim.New(graphsim.Options{}))
	defer graph.Close()
	config := processConfig(t, graph.URL)
	home := filepath.Dir(config)
	p := startProcess(t, config)
	env := map[string]string{"TEST_TOKEN": "x", "TEST_KEY": processKey, writeKeyVariable: processKey}
	do := func(want int, args ...string) (stdout, stderr string) {
		t.Helper()
		stdout, stderr, code := command(t, env, "", args...)
		if code != want {
			t.Errorf("%v: exit %d, want %d\n%s%s", args, code, want, stdout, stderr)
		}
		for _, secret := range []string{processKey, "ada@example.com", "secret-of-row"} {
			if strings.Contains(stdout+stderr, secret) {
				t.Errorf("%v says %q", args, secret)
			}
		}
		return stdout, stderr
	}
	days := func(n int) string { return time.Now().AddDate(0, 0, -n).UTC().Format(time.RFC3339) }
	yes := filepath.Join(home, "yes.ndjson")
	if err := os.WriteFile(yes, fmt.Appendf(nil, `{"id":"1","customer":"c42","action":"accept","at":%q,"notice":%q,"source":"crm"}`, days(50), noticeHash(t, config)), 0o600); err != nil {
		t.Fatal(err)
	}
	do(0, "consent", "import", yes, "--config", config, "--edge", p.edge)
	till := filepath.Join(home, "till.csv")
	if err := os.WriteFile(till, []byte("receipt,customer,occurred_at,mail,value,currency,phone_note\n"+
		"S-1,c42,"+days(40)+",ada@example.com,20,EUR,\n"+
		"S-2,c42,"+days(70)+",ada@example.com,20,EUR,\n"+
		"S-3,,"+days(1)+",,20,EUR,secret-of-row\n"+
		"S-4,c42,"+days(2)+",,20,EUR,+49 171 3920042\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"import", till, "--event", "purchase", "--channel", "store", "--map", "receipt=id", "--map", "mail=email"}
	out, _ := do(1, append(args, "--dry-run", "--config", config)...)
	if !strings.Contains(out, "4 rows: 2 good, and none was sent, 0 came twice in the file, 2 were not taken.") ||
		!strings.Contains(out, "properties.phone_note is left out of 1: It holds contact data") {
		t.Errorf("the dry run says %s", out)
	}
	if _, err := os.Stat(till + ".progress.json"); err == nil {
		t.Error("a dry run has progress")
	}
	for range 2 {
		out, _ = do(1, append(args, "--url", p.edge, "--site", "shop")...)
		if !strings.Contains(out, "4 rows: 2 taken") {
			t.Errorf("the import says %s", out)
		}
	}
	faults, err := os.ReadFile(till + ".errors.ndjson")
	if err != nil || !strings.Contains(string(faults), `{"line":3,"code":"event_too_old"`) || !strings.Contains(string(faults), `{"line":4,"code":"no_subject"`) {
		t.Errorf("the rows that were not taken: %s, %v", faults, err)
	}
	p.waitDelivered(t, "purchase.S-1")
	out, _, _ = command(t, nil, "", "explain", "--console", p.console, "purchase.S-1")
	if !strings.Contains(out, "physical_store") {
		t.Errorf("it did not happen in a store:\n%s", out)
	}
	lines := filepath.Join(home, "scores.ndjson")
	if err := os.WriteFile(lines, []byte(`{"id":"c42-nov","customer":"c42","score":0.9}`+"\n"+`{"customer":{"id":42}}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ = do(1, "import", lines, "--event", "churn_score", "--config", config, "--edge", p.edge)
	if !strings.Contains(out, "2 rows: 1 taken") {
		t.Errorf("the import says %s", out)
	}
	delete(env, writeKeyVariable)
	if _, errs := do(1, append(args, "--url", p.edge, "--site", "shop")...); !strings.Contains(errs, writeKeyVariable) {
		t.Errorf("without a key: %s", errs)
	}
}

// FuzzEventRows: no file makes the reading fail otherwise than with a code, and every
// event is one line of JSON with an id, the same each time.
func FuzzEventRows(f *testing.F) {
	f.Add("id,customer,score\n1,c42,0.5\n", true)
	f.Add(`{"customer":"c42","at":"x","properties":null}`+"\n[]\n", false)
	f.Add(`{"customer":{"id":1},"at":null}`, false)
	read := func(text string, table bool) (all []row) {
		form, err := newEventForm("scored", "store", []string{"b=email"})
		if err != nil {
			return nil
		}
		var rows rowReader = newLineRows(strings.NewReader(text), form)
		if table {
			if rows, err = newTableRows(strings.NewReader(text), form); err != nil {
				return nil
			}
		}
		for {
			r, err := rows.next()
			if err != nil {
				return all
			}
			all = append(all, r)
		}
	}
	f.Fuzz(func(t *testing.T, text string, table bool) {
		first, second := read(text, table), read(text, table)
		for i, r := range first {
			var fields map[string]any
			if r.why == nil && (json.Unmarshal(r.text, &fields) != nil || bytes.ContainsRune(r.text, '\n') || !bytes.Contains(r.text, []byte(`"id":`))) {
				t.Fatalf("line %d is %q", r.line, r.text)
			}
			if !bytes.Equal(r.text, second[i].text) {
				t.Fatalf("line %d is %q and then %q", r.line, r.text, second[i].text)
			}
		}
	})
}
