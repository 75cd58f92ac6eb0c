package meta

import (
	"encoding"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync/atomic"
)

// A Token is an access token. However it is printed, formatted, logged or
// encoded, it reads "***"; only the client sees what it is.
type Token string

var (
	_ fmt.Formatter          = Token("")
	_ slog.LogValuer         = Token("")
	_ encoding.TextMarshaler = Token("")
)

const hiddenToken = "***"

// String returns "***".
func (Token) String() string { return hiddenToken }

// GoString returns "***".
func (Token) GoString() string { return hiddenToken }

// Format writes "***" whatever the verb.
func (Token) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hiddenToken)) }

// LogValue returns "***".
func (Token) LogValue() slog.Value { return slog.StringValue(hiddenToken) }

// MarshalText returns "***".
func (Token) MarshalText() ([]byte, error) { return []byte(hiddenToken), nil }

// MarshalJSON returns "***" as a JSON string.
func (Token) MarshalJSON() ([]byte, error) { return []byte(`"` + hiddenToken + `"`), nil }

// authorization is the one place where the token is spelled out.
func (t Token) authorization() string { return "Bearer " + string(t) }

// redact takes the token out of a text.
func (t Token) redact(text string) string {
	if t == "" {
		return text
	}
	return strings.ReplaceAll(text, string(t), hiddenToken)
}

var tokenGrammar = regexp.MustCompile(`^[\x21-\x7e]+$`)

func checkToken(t Token) error {
	if !tokenGrammar.MatchString(string(t)) {
		return errors.New("the access token is empty or holds blanks; nothing could be sent with it")
	}
	return nil
}

// A secret holds the token that is in use, which a person may replace while
// requests are made. It stands in a function,
// because package fmt prints the fields of a struct without asking their types.
type secret struct{ now atomic.Pointer[func() Token] }

func newSecret(t Token) *secret {
	s := &secret{}
	s.set(t)
	return s
}

func (s *secret) set(t Token) {
	get := func() Token { return t }
	s.now.Store(&get)
}

// token is the token in use.
func (d *Destination) token() Token { return (*d.secret.now.Load())() }

// SetToken replaces the access token; requests under way end with the one they
// began with. A token that cannot be one is refused, and the old one stays.
func (d *Destination) SetToken(t Token) error {
	if err := checkToken(t); err != nil {
		return fmt.Errorf("destination %q: %w", d.name, err)
	}
	d.secret.set(t)
	return nil
}
