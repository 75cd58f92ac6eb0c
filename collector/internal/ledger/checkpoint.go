package ledger

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"matchkey/collector"
)

// A checkpoint's signature is by Ed25519 over these lines, without a line end
// after the last. None of them can hold a line end.
//
//	matchkey.checkpoint.1
//	<site>
//	<seq, decimal>
//	<head, lower-case hex>
//	<time, seconds since 1970, decimal>
func signed(c collector.Checkpoint) []byte {
	return []byte(strings.Join([]string{
		"matchkey.checkpoint.1", c.Site, strconv.FormatUint(c.Seq, 10), c.Head, strconv.FormatInt(c.At, 10),
	}, "\n"))
}

// Sign makes a checkpoint of how a chain stands at a time, in seconds since 1970.
func Sign(key ed25519.PrivateKey, head collector.LedgerHead, at int64) collector.Checkpoint {
	c := collector.Checkpoint{Site: head.Site, Seq: head.Seq, Head: head.Hash, At: at}
	c.Key = hex.EncodeToString(key.Public().(ed25519.PublicKey))
	c.Signature = hex.EncodeToString(ed25519.Sign(key, signed(c)))
	return c
}

// CheckSignature says what is wrong with a checkpoint by itself; "" when nothing
// is. keys are as in [collector.LedgerQuery].
func CheckSignature(c collector.Checkpoint, keys []string) string {
	key, err := hex.DecodeString(c.Key)
	signature, err2 := hex.DecodeString(c.Signature)
	switch {
	case err != nil || err2 != nil || len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, signed(c), signature):
		return fmt.Sprintf("the checkpoint at record %d is not what its key signed", c.Seq)
	case len(keys) > 0 && !slices.Contains(keys, c.Key):
		return fmt.Sprintf("the checkpoint at record %d was signed with a key that is not known: %s", c.Seq, c.Key)
	}
	return ""
}
