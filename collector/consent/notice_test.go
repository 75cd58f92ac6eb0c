package consent

import (
	"strings"
	"testing"
)

func TestNoticeHash(t *testing.T) {
	n := Notice{Language: "en", Text: "We tell Meta\nwhat you buy.", Recipients: []string{"meta", "bing"}, Epoch: 1}
	const form = `{"epoch":1,"language":"en","recipients":["bing","meta"],"text":"We tell Meta\nwhat you buy.","v":1}`
	// printf '%s' "$form" | sha256sum, with \n as JSON's two characters.
	const sum = "8a3790260f07c2a3375e0f0c6760491ad2cb4796c2c635c74b33a1b1e5a4d411"
	if got := string(n.canonical()); got != form {
		t.Errorf("the canonical form is\n%s\nwant\n%s", got, form)
	}
	if got := n.Hash(); got != sum {
		t.Errorf("the hash is %s, want %s: answers given until now could no longer be proven", got, sum)
	}
	for name, same := range map[string]Notice{
		"line ends":  {"en", "We tell Meta\r\nwhat you buy.", n.Recipients, 1},
		"old Mac":    {"en", "We tell Meta\rwhat you buy.", n.Recipients, 1},
		"edges":      {"en", "\n  We tell Meta\nwhat you buy.\n", n.Recipients, 1},
		"recipients": {"en", n.Text, []string{"bing", "meta", "meta"}, 1},
	} {
		if same.Hash() != n.Hash() {
			t.Errorf("%s: the hash differs, and what people read does not", name)
		}
	}
	for name, other := range map[string]Notice{
		"text":      {"en", "We tell Meta what you buy.", n.Recipients, 1},
		"language":  {"de", n.Text, n.Recipients, 1},
		"recipient": {"en", n.Text, []string{"meta"}, 1},
		"epoch":     {"en", n.Text, n.Recipients, 2},
	} {
		if other.Hash() == n.Hash() {
			t.Errorf("%s: the hash is the same, and the notice is not", name)
		}
	}
	if n.Recipients[0] != "meta" {
		t.Error("hashing changed the notice")
	}
	for _, odd := range []string{"", "\xff\xfe", strings.Repeat("ä", 1<<15), "\x00\u2028<>&"} {
		if h := (Notice{Text: odd, Language: odd, Recipients: []string{odd}}).Hash(); len(h) != 64 {
			t.Errorf("%.10q: hash %q", odd, h)
		}
	}
}
