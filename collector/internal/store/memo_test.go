package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"matchkey/collector"
	"matchkey/collector/internal/keyspace"
)

// TestMemoIsRight: after any changes, also such as failed, what the memo knows is
// what stands in the rows.
func TestMemoIsRight(t *testing.T) {
	for range 8 {
		seed := rand.Uint64()
		db, err := keyspace.Open(keyspace.Options{FS: vfs.NewMem(), Dir: "data"})
		if err != nil {
			t.Fatal(err)
		}
		p, err := OpenPebble(db, rand.NewChaCha8([32]byte{}))
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(seed, 0))
		for range 60 {
			changeSomething(t, p, r)
			compareMemo(t, p, seed)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			return
		}
	}
}

var errGiveUp = errors.New("the test's own")

// changeSomething makes a random change as the pipeline and a person make them; now
// and then it fails after it wrote.
func changeSomething(t *testing.T, p *Pebble, r *rand.Rand) {
	ctx := context.Background()
	at := time.Unix(1_700_000_000+int64(r.IntN(1000)), 0).UTC()
	some := func(kind string) string { return fmt.Sprintf("%s%d", kind, r.IntN(4)) }
	if r.IntN(12) == 0 {
		if _, err := p.Erase(ctx, collector.Customer("shop", some("c")), at); err != nil {
			t.Fatal(err)
		}
		return
	}
	if r.IntN(6) == 0 {
		// Days go by, and what was seen in the first seconds of the history expires.
		keep := collector.Keeping{Day: at.AddDate(0, 0, r.IntN(12))}
		long := time.Duration(3+r.IntN(3)) * 24 * time.Hour
		keep.Retention = collector.Retention{Click: long, Browser: long, Contact: long, External: long, Events: long, Deliveries: long, Proof: long}
		err := p.Keep(ctx, keep)
		for more := true; more && err == nil; {
			var step collector.SweepStep
			step, err = p.Sweep(ctx)
			more = step.More
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	err := p.change(false, func(tx *tx) error {
		for range 1 + r.IntN(6) {
			s := collector.Visitor("shop", some("v"))
			if r.IntN(2) == 0 {
				s = collector.Customer("shop", some("c"))
			}
			var err error
			switch r.IntN(6) {
			case 0:
				_, err = tx.Profile(ctx, s)
			case 1:
				_, err = tx.Records(ctx, s)
			case 2:
				_, err = tx.Suppressed(ctx, collector.Event{Site: "shop", Visitor: some("v")})
			case 3:
				err = tx.MergeProfile(collector.Profile{Subject: s, FirstAt: at, LastAt: at, Identifiers: []collector.Identifier{
					{Kind: collector.KindEmail, Value: some("hash"), FirstAt: at, LastAt: at}}})
			case 4:
				var o collector.Owner
				if o, err = tx.Owner(ctx, "shop", some("v")); err == nil {
					o.Tenure = collector.Tenure{Customer: some("c"), Generation: o.Generation, Since: at}
					err = tx.SetOwner("shop", some("v"), o)
				}
			case 5:
				_, err = tx.AddRecord(collector.ConsentRecord{ID: some("r"), Subject: s, Purpose: "*", Action: "accept", At: at})
			}
			if err != nil {
				return err
			}
		}
		if r.IntN(5) == 0 {
			return errGiveUp
		}
		return nil
	})
	if err != nil && !errors.Is(err, errGiveUp) {
		t.Fatal(err)
	}
}

func compareMemo(t *testing.T, p *Pebble, seed uint64) {
	t.Helper()
	fresh := reader{r: p.db, key: p.key}
	for table, any := range p.memo.filled {
		if is, err := fresh.hasAny(table); err != nil || is != any {
			t.Errorf("seed %d: the memo says of table %c that it is filled: %t, and it is %t (%v)", seed, table, any, is, err)
		}
	}
	for key, v := range p.memo.young {
		var is any
		var err error
		first, rest, _ := keyspace.CutStr([]byte(key[1:]))
		switch v.(type) {
		case *collector.Profile:
			is, err = memoised[collector.Profile](fresh, keyspace.Key(key))
		case *collector.Owner:
			is, err = memoised[collector.Owner](fresh, keyspace.Key(key))
		case *string:
			is, err = memoised[string](fresh, keyspace.Key(key))
		case []collector.ConsentRecord:
			s, ok := keyspace.CutSubject(first, rest)
			if !ok {
				t.Fatalf("seed %d: %q names no subject", seed, key)
			}
			is, err = fresh.recordsOf(s)
		case []collector.Link:
			customer, _, _ := keyspace.CutStr(rest)
			is, err = fresh.linksOf(first, customer)
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(is, v, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("seed %d: the memo is wrong about %q (-is +memo):\n%s", seed, key, diff)
		}
	}
}

// TestMemoIsBounded: what was not asked for lately goes, and what was asked for stays.
func TestMemoIsBounded(t *testing.T) {
	m := newMemo()
	name := strings.Repeat("v", 100)
	for i := range 200_000 {
		m.put([]byte(fmt.Sprint(name, i)), &collector.Profile{})
		if _, ok := m.get([]byte(name + "0")); !ok {
			t.Fatalf("what is asked for all the time went after %d others", i)
		}
	}
	if most := 2 * memoBytes / weightOf(&collector.Profile{}); len(m.young)+len(m.old) > most {
		t.Errorf("it holds %d rows, want at most %d", len(m.young)+len(m.old), most)
	}
	if _, ok := m.get([]byte(name + "1")); ok {
		t.Error("it still knows what nobody asked for since 200,000 others")
	}
}

// TestMemoKeepsNoFrames: the texts of an event are parts of one, as long as its
// journal frame. What is remembered of people does not keep it in memory.
func TestMemoKeepsNoFrames(t *testing.T) {
	db, err := keyspace.Open(keyspace.Options{FS: vfs.NewMem(), Dir: "data"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p, err := OpenPebble(db, rand.NewChaCha8([32]byte{}))
	if err != nil {
		t.Fatal(err)
	}
	frame := strings.Repeat("v1", 16<<10)
	id, at := frame[:2], time.Unix(1_700_000_000, 0).UTC()
	err = p.Apply(t.Context(), 0, 1, func(tx collector.Tx) error {
		_, err := tx.AddRecord(collector.ConsentRecord{ID: id, Subject: collector.Visitor("shop", id), Purpose: "*", Action: collector.ConsentAccept, At: at})
		return errors.Join(err,
			tx.SetOwner("shop", id, collector.Owner{Tenure: collector.Tenure{Customer: id, Since: at}}),
			tx.MergeProfile(collector.Profile{
				Subject: collector.Visitor("shop", id), FirstAt: at, LastAt: at,
				Identifiers: []collector.Identifier{{Kind: collector.KindClick, Value: id, FirstAt: at, LastAt: at}},
				Sessions:    []collector.SessionStart{{ID: id, At: at, URL: id}},
			}))
	})
	if err != nil {
		t.Fatal(err)
	}
	begin := uintptr(unsafe.Pointer(unsafe.StringData(frame)))
	var look func(string, reflect.Value)
	look = func(where string, v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			if s := v.String(); s != "" {
				if at := uintptr(unsafe.Pointer(unsafe.StringData(s))); begin <= at && at < begin+uintptr(len(frame)) {
					t.Errorf("%s is a part of the event's frame", where)
				}
			}
		case reflect.Pointer:
			look(where, v.Elem())
		case reflect.Slice:
			for i := range v.Len() {
				look(where, v.Index(i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				look(where+"."+v.Type().Field(i).Name, v.Field(i))
			}
		}
	}
	for _, v := range p.memo.young {
		look(fmt.Sprintf("%T", v), reflect.ValueOf(v))
	}
}
