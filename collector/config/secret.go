package config

import (
	"fmt"
	"io"
	"log/slog"
)

// A Secret is a value that must not be seen. However it is printed (fmt with
// any verb, JSON, slog, text) it gives "***", or nothing when it is empty.
// Only [Secret.Reveal] gives the value. To compare one with what a stranger
// sent, use crypto/subtle on the revealed bytes, not ==.
type Secret struct{ value string }

// masked is what is shown in place of a secret.
const masked = "***"

// NewSecret wraps a value, for tests and for the demo, which makes its own.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the value. Whoever calls it must not print it.
func (s Secret) Reveal() string { return s.value }

// IsZero reports whether there is no value.
func (s Secret) IsZero() bool { return s.value == "" }

// String masks.
func (s Secret) String() string {
	if s.value == "" {
		return ""
	}
	return masked
}

// Format masks for every verb: without it %d and %+v would walk into the struct.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText masks, and with it JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue masks in slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
