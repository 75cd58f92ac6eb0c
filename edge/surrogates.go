package edge

import (
	"bytes"
	"encoding/hex"
)

// mendSurrogates writes U+FFFD over every half of a surrogate pair that stands
// alone as \uXXXX, in place. A page cuts a text by length and leaves half of an
// emoji; browsers write it so, and a strict decoder refuses the whole beacon for
// it. The tag could mend it too, but every visitor would pay for that.
func mendSurrogates(body []byte) {
	for i := 0; ; {
		next := bytes.IndexByte(body[i:], '\\')
		if next < 0 {
			return
		}
		i += next
		switch {
		case isSurrogate(body[i:], 0xd8) && isSurrogate(body[min(i+6, len(body)):], 0xdc):
			i += 12
		case isSurrogate(body[i:], 0xd8) || isSurrogate(body[i:], 0xdc):
			copy(body[i+2:], "fffd")
			i += 6
		default:
			i = min(i+2, len(body)) // whatever is escaped is no escape itself
		}
	}
}

// isSurrogate reports whether b begins with \uXXXX from the 1,024 that begin at
// high<<8.
func isSurrogate(b []byte, high byte) bool {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return false
	}
	var code [2]byte
	_, err := hex.Decode(code[:], b[2:6])
	return err == nil && code[0]&^0x03 == high
}
