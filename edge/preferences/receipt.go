package preferences

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Receipt is what a person takes home: what counted when it was made, for
// machines and, in the sentences, for people. It names nobody. It is made when it is
// asked for and kept nowhere: the answers themselves are in the ledger.
type Receipt struct {
	// Schema is 1.
	Schema int `json:"schema"`
	// ID is the receipt's own, so that no two are taken for one.
	ID       string          `json:"receipt_id"`
	Site     string          `json:"site"`
	At       time.Time       `json:"at"`
	Language string          `json:"language"`
	Account  bool            `json:"customer_account"`
	GPC      bool            `json:"browser_signal_gpc"`
	Choices  []ReceiptChoice `json:"choices"`
}

// A ReceiptChoice is one category on a receipt.
type ReceiptChoice struct {
	ID       string    `json:"id"`
	Label    string    `json:"label"`
	State    State     `json:"state"`
	Sentence string    `json:"sentence"`
	Since    time.Time `json:"since,omitzero"`
	Until    time.Time `json:"until,omitzero"`
	Source   string    `json:"source,omitzero"`
	// Text is what the person answered to.
	Text         string `json:"text,omitzero"`
	TextLanguage string `json:"text_language,omitzero"`
}

// Receipt renders a view as a receipt, as JSON. id is the receipt's, at when it is
// made. It fails only when the view has a language that the renderer does not.
func (r *Renderer) Receipt(v View, id string, at time.Time) ([]byte, error) {
	texts, known := r.texts[v.Language]
	if !known {
		return nil, fmt.Errorf("the preferences page has no language %q", v.Language)
	}
	out := Receipt{
		Schema: 1, ID: id, Site: r.look.Site, At: at.UTC().Truncate(time.Second), Language: v.Language,
		Account: v.Account, GPC: v.GPC, Choices: []ReceiptChoice{},
	}
	for _, c := range v.Choices {
		l := r.line(c, v.OptOut, texts)
		out.Choices = append(out.Choices, ReceiptChoice{
			ID: c.ID, Label: c.Label, State: c.State, Sentence: l.Sentence(), Since: c.Since, Until: c.Until,
			Source: c.Source, Text: c.Seen, TextLanguage: c.SeenLanguage,
		})
	}
	b, err := json.Marshal(out, jsontext.WithIndent("  "))
	if err != nil {
		return nil, fmt.Errorf("BUG: a receipt cannot be written: %w", err)
	}
	return append(b, '\n'), nil
}
