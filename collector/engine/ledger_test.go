package engine_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"
	"testing/synctest"
	"time"

	"matchkey/collector"
)

// TestCheckpointsAreSigned after a while, and what is left with the end; another
// key goes on, and a verification names what it does not know.
func TestCheckpointsAreSigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		w.close()
		key := func(b byte) ed25519.PrivateKey {
			return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, ed25519.SeedSize))
		}
		site := func(q collector.LedgerQuery) collector.LedgerSite {
			t.Helper()
			r, err := w.engine.VerifyLedger(t.Context(), q)
			must(t, err)
			if len(r.Sites) != 1 {
				t.Fatalf("%+v", r)
			}
			return r.Sites[0]
		}
		w.config.LedgerKey = key(1)
		w.open()
		w.append(answered(collector.ConsentAccept, "v1", "c42"))
		time.Sleep(9 * time.Minute)
		if s := site(collector.LedgerQuery{}); s.Seq != 2 || s.Checkpoints != 0 || len(s.Faults) > 0 {
			t.Errorf("before the time: %+v", s)
		}
		time.Sleep(2 * time.Minute)
		if s := site(collector.LedgerQuery{}); s.Checkpoints != 1 || s.Covered != 2 {
			t.Errorf("after it: %+v", s)
		}
		time.Sleep(time.Hour)
		w.append(answered(collector.ConsentReject, "v1", ""))
		w.close() // which applies nothing more, and signs what is applied

		w.config.LedgerKey = key(2)
		w.open()
		w.append(answered(collector.ConsentWithdraw, "v3", ""))
		time.Sleep(20 * time.Minute)
		s := site(collector.LedgerQuery{})
		if s.Covered != s.Seq || len(s.Keys) != 2 || len(s.Faults) > 0 {
			t.Errorf("with the second key: %+v", s)
		}
		for _, known := range s.Keys {
			if s := site(collector.LedgerQuery{Keys: []string{known}}); len(s.Faults) == 0 || len(s.Faults) == s.Checkpoints {
				t.Errorf("of %d checkpoints of two keys %d are not by the one that is known", s.Checkpoints, len(s.Faults))
			}
		}
	})
}
