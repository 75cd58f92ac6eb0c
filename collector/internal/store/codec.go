package store

import (
	"fmt"

	"matchkey/collector/internal/codec"
)

// marshal encodes a row. Deterministic, so that equal state has equal bytes.
func marshal(v any) ([]byte, error) { return appendRow(nil, v) }

// appendRow appends what marshal returns to b.
func appendRow(b []byte, v any) ([]byte, error) {
	b, err := codec.Append(b, v)
	if err != nil {
		return nil, fmt.Errorf("BUG: couldn't encode a %T for the store: %w", v, err)
	}
	return b, nil
}

// unmarshal decodes a row, of this version or of an older one.
func unmarshal(b []byte, v any) error {
	if err := codec.Unmarshal(b, v); err != nil {
		return fmt.Errorf("a %T in the store cannot be read: %w", v, err)
	}
	return nil
}
