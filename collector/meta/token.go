package meta

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
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

// proof is the app's proof that it may use the token: HMAC-SHA-256 in lower-case
// hex, the key the app's secret, the message the token (capi.md § 1.4).
func (t Token) proof(secret Token) string {
	mac := hmac.New(sha256.New, []byte(string(secret)))
	mac.Write([]byte(string(t)))
	return hex.EncodeToString(mac.Sum(nil))
}

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

func checkSecret(s Token) error {
	if s != "" && !tokenGrammar.MatchString(string(s)) {
		return errors.New("the app's secret holds blanks; copy it again from the app's settings")
	}
	return nil
}
