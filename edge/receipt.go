package edge

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"time"
)

// Receipts name the request that carried an event. They are the provenance of
// everything learned from it, so they must never repeat, and they sort by time
// for the people who read them.

// Kinds of receipt.
const (
	receiptBeacon = "b_"
	receiptCall   = "c_"
)

// randomness is the edge's source of chance, made safe for concurrent use.
type randomness struct {
	mu sync.Mutex // guards the two below
	r  io.Reader
	// chance is what was read last.
	chance [10]byte
}

// between returns a number from lo to hi; hi when chance fails.
func (r *randomness) between(lo, hi int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := io.ReadFull(r.r, r.chance[:1]); err != nil {
		return hi
	}
	return lo + int(r.chance[0])%(hi-lo+1)
}

// crockford is base 32 without i, l, o and u, in ascending order.
var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// receipt returns kind and 26 characters: 48 bits of milliseconds and 80 bits
// of chance (the layout of a ULID, two bits to the left).
func (r *randomness) receipt(kind string, at time.Time) (string, error) {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], uint64(at.UnixMilli())<<16)
	r.mu.Lock()
	_, err := io.ReadFull(r.r, r.chance[:])
	copy(raw[6:], r.chance[:])
	r.mu.Unlock()
	if err != nil {
		return "", fmt.Errorf("no receipt could be made, because the source of randomness failed: %w", err)
	}
	var text [26]byte
	crockford.Encode(text[:], raw[:])
	return kind + string(text[:]), nil
}
