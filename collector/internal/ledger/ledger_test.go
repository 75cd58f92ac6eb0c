package ledger

import (
	"bytes"
	"crypto/ed25519"
	"math/rand/v2"
	"testing"

	"matchkey/collector"
)

// The vectors r1 and r2 of reference/consent.md § 3.5: the entry, the one that
// takes it back, and their hashes.
var (
	r1 = collector.LedgerEntry{
		Version: 1, Seq: 1, Record: "cr_01", Action: "accept", Language: "en", Purposes: []string{"ads_measurement"},
		Notice: "sha256:8d4a603bd59ebdc985ebf3852b9bb682cd0ca66905074e6baaf0f71882e93fe2",
		Time:   1790000000, ReceivedAt: 1790000001, ValidUntil: 1805552000, Regime: "opt_in", Source: "banner",
		Subject: "hmac256:65e2f9d2b4f5a7e355783e3fce9c4fda50df66f6296de8d8d06f913b4450ab92",
	}
	r2 = collector.LedgerEntry{
		Version: 1, Seq: 2, Record: "cr_02", Action: "withdraw", Language: "en", Purposes: []string{"ads_measurement"},
		Notice: r1.Notice, Time: 1790003600, ReceivedAt: 1790003600, Regime: "opt_in", Source: "preferences_page", Subject: r1.Subject,
	}
)

// TestVectors: the form of an entry is what the specification hashed, to the byte.
func TestVectors(t *testing.T) {
	const want1 = `{"action":"accept","lang":"en","notice":"sha256:8d4a603bd59ebdc985ebf3852b9bb682cd0ca66905074e6baaf0f71882e93fe2","purposes":["ads_measurement"],"received_at":1790000001,"regime":"opt_in","rid":"cr_01","seq":1,"source":"banner","subject":"hmac256:65e2f9d2b4f5a7e355783e3fce9c4fda50df66f6296de8d8d06f913b4450ab92","time":1790000000,"v":1,"valid_until":1805552000}`
	form, err := Canonical(r1)
	if err != nil || string(form) != want1 {
		t.Errorf("r1 is %s (%v)", form, err)
	}
	_, h1, err := Encode(Hash{}, r1)
	if err != nil || h1.String() != "281b10ee98917e4b5319d29b93015b2a3bd9a160464038e316f4c57c1bbf23e2" {
		t.Errorf("r1 hashes to %s (%v)", h1, err)
	}
	_, h2, err := Encode(h1, r2)
	if err != nil || h2.String() != "45c98a37a499faffb7d08f386b852cc54f316e99c51af69544998e22cc64206c" {
		t.Errorf("r2 hashes to %s (%v)", h2, err)
	}
}

// chainOf makes rows of a site, of which one came while the clock had gone back.
func chainOf(t *testing.T, n int) (rows [][]byte) {
	t.Helper()
	c := Chain{Site: "shop"}
	for i := range n {
		e := r1
		e.Record, e.Language, e.ReceivedAt = string(rune('a'+i)), "d\u2028é<&>", 1790000000+int64(i)
		if i == 3 {
			e.ReceivedAt -= 100
		}
		_, row, err := c.Next(e)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

// walk is the first fault of a chain.
func walk(rows [][]byte) *collector.LedgerFault {
	c := Chain{Site: "shop"}
	for i, row := range rows {
		if f := c.Add(uint64(i+1), row); f != nil {
			return f
		}
	}
	return nil
}

// TestFlippedBit: every bit of every row is missed when it is another, and the
// row that has it is named.
func TestFlippedBit(t *testing.T) {
	rows := chainOf(t, 6)
	if f := walk(rows); f != nil {
		t.Fatalf("a whole chain has a fault: %+v", f)
	}
	for i := range rows {
		for at := range rows[i] {
			for bit := range 8 {
				was := rows[i]
				rows[i] = bytes.Clone(was)
				rows[i][at] ^= 1 << bit
				if f := walk(rows); f == nil || f.Seq != uint64(i+1) {
					t.Fatalf("row %d, byte %d, bit %d: %+v", i+1, at, bit, f)
				}
				rows[i] = was
			}
		}
	}
}

func TestForgedChains(t *testing.T) {
	rows := chainOf(t, 6)
	again := func(i int, change func(*collector.LedgerEntry)) [][]byte {
		forged := append([][]byte{}, rows...)
		e, _, err := Decode(rows[i])
		if err != nil {
			t.Fatal(err)
		}
		change(&e)
		var prev Hash
		if i > 0 {
			_, prev, _ = Decode(rows[i-1])
		}
		forged[i], _, err = Encode(prev, e)
		if err != nil {
			t.Fatal(err)
		}
		return forged
	}
	for name, c := range map[string]struct {
		rows [][]byte
		seq  uint64
	}{
		"one is cut out":                  {append(append([][]byte{}, rows[:2]...), rows[3:]...), 3},
		"two changed places":              {[][]byte{rows[0], rows[2], rows[1]}, 2},
		"one is forged, its hash as well": {again(1, func(e *collector.LedgerEntry) { e.Action = "reject" }), 3},
		"it is of another site":           {again(1, func(e *collector.LedgerEntry) { e.Site = "other" }), 2},
		"the last is of another time":     {again(5, func(e *collector.LedgerEntry) { e.ReceivedAt -= 1000 }), 6},
		"the clock did not go back":       {again(4, func(e *collector.LedgerEntry) { e.Back = 5 }), 5},
		"it has another form":             {again(5, func(e *collector.LedgerEntry) { e.Version = 2 }), 6},
		"a row is empty":                  {[][]byte{rows[0], {}}, 2},
	} {
		if f := walk(c.rows); f == nil || f.Seq != c.seq {
			t.Errorf("%s: %+v, want a fault at %d", name, f, c.seq)
		}
	}
}

func TestCheckpoints(t *testing.T) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	c := Sign(key, collector.LedgerHead{Site: "shop", Seq: 5, Hash: "ab"}, 1790000000)
	if why := CheckSignature(c, []string{c.Key}); why != "" {
		t.Error(why)
	}
	if CheckSignature(c, nil) != "" {
		t.Error("without known keys any may sign")
	}
	if CheckSignature(c, []string{"00"}) == "" {
		t.Error("an unknown key passed")
	}
	for name, change := range map[string]func(*collector.Checkpoint){
		"site": func(c *collector.Checkpoint) { c.Site = "other" }, "seq": func(c *collector.Checkpoint) { c.Seq++ },
		"head": func(c *collector.Checkpoint) { c.Head = "ac" }, "time": func(c *collector.Checkpoint) { c.At++ },
		"key": func(c *collector.Checkpoint) { c.Key = "x" }, "signature": func(c *collector.Checkpoint) { c.Signature = "" },
	} {
		forged := c
		change(&forged)
		if CheckSignature(forged, nil) == "" {
			t.Errorf("another %s passed", name)
		}
	}
}

// FuzzRow: no bytes make a row that is taken unless they are one, and nothing
// makes it panic.
func FuzzRow(f *testing.F) {
	_, row, _ := (&Chain{Site: "shop"}).Next(r1)
	f.Add(row)
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, row []byte) {
		c := Chain{Site: "shop"}
		if fault := c.Add(1, row); fault != nil {
			return
		}
		e, h, err := Decode(row)
		if err != nil {
			t.Fatal(err)
		}
		again, h2, err := Encode(Hash{}, e)
		if err != nil || h != h2 || !bytes.Equal(again, row) {
			t.Fatalf("%q was taken and is not what is written", row)
		}
	})
}

// TestRandomEntries: what Next writes Add takes, whatever stands in it.
func TestRandomEntries(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	writes, reads := Chain{Site: "shop"}, Chain{Site: "shop"}
	words := []string{"", "a", "\x00", "\u2028", "😀", `"\`, "<&>", "\u007f"}
	for i := range 2000 {
		word := func() string { return words[rng.IntN(len(words))] + words[rng.IntN(len(words))] }
		e := collector.LedgerEntry{
			Record: word(), Subject: word(), Action: word(), Purposes: []string{word()}, Language: word(), Source: word(),
			Time: rng.Int64N(1 << 50), ReceivedAt: rng.Int64N(1 << 50), Explicit: rng.IntN(2) == 0,
		}
		seq, row, err := writes.Next(e)
		if err != nil {
			t.Fatal(err)
		}
		if f := reads.Add(seq, row); f != nil {
			t.Fatalf("entry %d, %+v: %+v", i, e, f)
		}
	}
}
