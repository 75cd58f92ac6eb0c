package tag_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files with what the tag sends; read the diff")

// golden compares a beacon to the letter with testdata/beacon/{name}.json, once
// what differs from run to run is replaced. The edge's tests accept the same files.
func golden(t *testing.T, name string, s *shop, b beacon) {
	t.Helper()
	file := filepath.Join("testdata", "beacon", name+".json")
	got := normalise(t, s, b)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s: the wire format cannot change, add a version (-golden +sent):\n%s", file, diff)
	}
}

// The story of the golden files: a page is loaded, the person answers and
// something happens, and the beacon leaves, at these times.
const (
	goldenLoad   = "1795431640000"
	goldenAnswer = "1795431646110"
	goldenEvent  = "1795431646120"
	goldenSend   = "1795431646170"
)

func normalise(t *testing.T, s *shop, b beacon) []byte {
	t.Helper()
	text := string(b.raw)
	for _, r := range []struct{ pattern, with string }{
		{`^{"v":1,"t":\d{13}`, `{"v":1,"t":` + goldenSend},
		{`("c":{"a":"\w+","t":)\d{13}`, `${1}` + goldenAnswer},
		{`({"n":"[^"]+","i":"[^"]+","t":)\d{13}`, `${1}` + goldenEvent},
		{`"_fbc":"fb\.1\.\d{13}\.`, `"_fbc":"fb.1.` + goldenLoad + `.`},
		{`"b":"[0-9a-f]{8}"`, `"b":"23c060e1"`},
		{`"i":"1\.\w{6}\.\w{16}"`, `"i":"1.toybxa.0123456789abcdef"`},
		{`"k":"\w{10}"`, `"k":"toybxa6aof"`},
		{`"p":"[0-9a-v]{16}"`, `"p":"x7v0page0view0id"`},
	} {
		text = regexp.MustCompile(r.pattern).ReplaceAllString(text, r.with)
	}
	n := 0
	text = regexp.MustCompile(`"i":"[0-9a-v]{16}"`).ReplaceAllStringFunc(text, func(string) string {
		n++
		return fmt.Sprintf(`"i":"k3e0mh9qd7t2vc%02d"`, n)
	})
	text = strings.ReplaceAll(text, "?matchkey_debug=1", "")
	text = strings.ReplaceAll(text, s.URL, "https://shop.example")
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(text), "", "  "); err != nil {
		t.Fatal(err)
	}
	out.WriteByte('\n')
	return out.Bytes()
}
