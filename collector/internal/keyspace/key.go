package keyspace

import (
	"encoding/binary"
	"time"

	"matchkey/collector"
)

// The tables. See the package's comment for their keys.
const (
	Format     = 'F'
	Journal    = 'J'
	Watermark  = 'W'
	Event      = 'E'
	EventID    = 'I'
	Profile    = 'P'
	Owner      = 'O'
	Link       = 'L'
	LinkBack   = 'R'
	Record     = 'C'
	Delivery   = 'D'
	Due        = 'Q'
	Look       = 'T'
	Leased     = 'K'
	Matched    = 'M'
	Person     = 'X'
	ByEvent    = 'N'
	Account    = 'A'
	SetAside   = 'S'
	Pause      = 'B'
	Waiting    = 'V'
	ByState    = 'Z'
	Sharer     = 'H'
	Holder     = '1'
	Receipt    = '2'
	Salt       = '3'
	Unapplied  = '4'
	Concern    = 'G'
	Tombstone  = 'Y'
	Unscrubbed = 'U'
	Replaying  = '5'
	Expiry     = '6'
	Retention  = '7'
	// First and Last say nothing: Scrub writes them around all others.
	First = '!'
	Last  = '~'
)

// A Key is a key under construction; its methods return the longer key.
type Key []byte

// In begins a key of a table.
func In(table byte) Key { return append(make(Key, 0, 96), table) }

// Str appends an ordered, self-delimiting string.
func (k Key) Str(s string) Key {
	for i := 0; i < len(s); i++ {
		k = append(k, s[i])
		if s[i] == 0 {
			k = append(k, 0xFF)
		}
	}
	return append(k, 0, 1)
}

// U64 appends a big-endian number.
func (k Key) U64(n uint64) Key { return binary.BigEndian.AppendUint64(k, n) }

// U16 appends a big-endian number; what is greater sorts as the greatest.
func (k Key) U16(n int) Key { return binary.BigEndian.AppendUint16(k, uint16(min(max(n, 0), 0xFFFF))) }

// Time appends a time in nanoseconds; times before 1970 sort as 1970.
func (k Key) Time(t time.Time) Key { return k.U64(nanos(t)) }

// TimeDown appends a time so that later ones sort first.
func (k Key) TimeDown(t time.Time) Key { return k.U64(^nanos(t)) }

func nanos(t time.Time) uint64 {
	if n := t.UnixNano(); n > 0 && !t.IsZero() {
		return uint64(n)
	}
	return 0
}

// Subject appends a subject.
func (k Key) Subject(s collector.Subject) Key {
	return k.Str(s.Site).Str(string(s.Kind)).Str(s.ID)
}

// Delivery appends a delivery's key.
func (k Key) Delivery(d collector.DeliveryKey) Key {
	return k.Str(d.Site).Str(d.Destination).Str(d.Send).Str(d.EventID)
}

// End is the first key after all keys that begin with k.
func (k Key) End() []byte {
	end := append([]byte(nil), k...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

// CutStr takes a string off the front of a key's rest; ok is false when the
// bytes are not one that Str wrote.
func CutStr(b []byte) (s string, rest []byte, ok bool) {
	var out []byte
	for i := 0; i+1 < len(b); i++ {
		if b[i] != 0 {
			out = append(out, b[i])
			continue
		}
		switch b[i+1] {
		case 1:
			return string(out), b[i+2:], true
		case 0xFF:
			out = append(out, 0)
			i++
		default:
			return "", nil, false
		}
	}
	return "", nil, false
}

// CutSubject takes a subject's kind and ID off the front of a key's rest.
func CutSubject(site string, b []byte) (s collector.Subject, ok bool) {
	kind, b, ok := CutStr(b)
	if !ok {
		return s, false
	}
	s = collector.Subject{Site: site, Kind: collector.SubjectKind(kind)}
	s.ID, b, ok = CutStr(b)
	return s, ok && len(b) == 0
}

// CutDelivery takes a delivery's key off the front of a key's rest.
func CutDelivery(b []byte) (d collector.DeliveryKey, ok bool) {
	for _, part := range []*string{&d.Site, &d.Destination, &d.Send, &d.EventID} {
		if *part, b, ok = CutStr(b); !ok {
			return d, false
		}
	}
	return d, len(b) == 0
}
