package consent

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Notice is one text in one language that people were shown before they
// answered. It is known by its content: an answer names the [Notice.Hash] of
// what the person saw, which proves the text as long as the text is kept.
type Notice struct {
	// Language is a BCP 47 tag, such as en or de-AT.
	Language string
	// Text is what people read.
	Text string
	// Recipients are whom the text names, by kind of destination ("meta").
	Recipients []string
	// Epoch is raised when the meaning changes, even when the words stay. It is
	// part of the content, so that an older answer keeps its older meaning.
	Epoch int
}

// Hash is the notice's address: the SHA-256, in lower-case hex, of its
// canonical form, which is JSON by RFC 8785:
//
//	{"epoch":1,"language":"en","recipients":["meta"],"text":"We would like to …","v":1}
//
// The text has line ends of one LF and no white space around it, recipients
// are sorted and named once. This cannot change, or no stored answer could be
// proven; a new form gets a new v.
func (n Notice) Hash() string {
	sum := sha256.Sum256(n.canonical())
	return hex.EncodeToString(sum[:])
}

func (n Notice) canonical() []byte {
	recipients := make([]string, 0, len(n.Recipients))
	for _, r := range n.Recipients {
		recipients = append(recipients, strings.ToValidUTF8(r, "\ufffd"))
	}
	slices.Sort(recipients)
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(n.Text, "\ufffd"))
	form := struct {
		Epoch      int      `json:"epoch"`
		Language   string   `json:"language"`
		Recipients []string `json:"recipients"`
		Text       string   `json:"text"`
		Version    int      `json:"v"`
	}{n.Epoch, strings.ToValidUTF8(n.Language, "\ufffd"), slices.Compact(recipients), strings.TrimSpace(text), 1}
	b, err := json.Marshal(form)
	if err == nil {
		err = (*jsontext.Value)(&b).Canonicalize()
	}
	if err != nil {
		panic(fmt.Sprintf("BUG: a notice has no canonical form: %v", err)) // plain strings and numbers only
	}
	return b
}
