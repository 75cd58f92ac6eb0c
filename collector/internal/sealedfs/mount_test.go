package sealedfs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector/internal/faultfs"
)

// plainFolder is a disk on which "d" holds plain files, as Pebble names them.
func plainFolder(t testing.TB) *vfs.MemFS {
	t.Helper()
	on := vfs.NewCrashableMem()
	must(t, errors.Join(on.MkdirAll("d", 0o700), syncFolder(on, "")))
	for name, text := range folderTexts {
		write(t, on, "d/"+name, []byte(text))
	}
	must(t, syncFolder(on, "d"))
	return on
}

var folderTexts = map[string]string{
	"000001.sst": strings.Repeat("table", 3000), "000002.log": "log", "MANIFEST-000003": "manifest", "OPTIONS-000004": "[Version]",
}

// hold fails unless a folder holds what it did, opened with a key.
func hold(t testing.TB, what string, on vfs.FS, keys ...Key) {
	t.Helper()
	s, err := Mount(OpenWith(on, keys...), "d", How{})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	fs := on
	if s != nil {
		must(t, s.Release())
		fs = s
	}
	for name, text := range folderTexts {
		if got, err := tryRead(fs, "d/"+name); err != nil || string(got) != text {
			t.Fatalf("%s: %s holds %d bytes of %d, %v", what, name, len(got), len(text), err)
		}
	}
}

// TestKeys: which keys open a folder, what is said of the others, and that nothing
// is begun where there should be something.
func TestKeys(t *testing.T) {
	a, b, c := keyNamed(t, 'a'), keyNamed(t, 'b'), keyNamed(t, 'c')
	on := plainFolder(t)
	if s, err := Mount(on, "d", How{}); s != nil || err != nil {
		t.Fatalf("a plain folder without keys: %v, %v", s, err)
	}
	if s, err := Mount(OpenWith(on, a), "d", How{}); s != nil || err != nil {
		t.Fatalf("a plain folder is sealed by who only wants to open: %v, %v", s, err)
	}
	if s, err := Mount(WithKeys(on, a), "d", How{ReadOnly: true}); s != nil || err != nil {
		t.Fatalf("a plain folder is sealed by who only reads: %v, %v", s, err)
	}
	if _, err := mounted(t, on, a).Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	hold(t, "a", on, a)
	for _, keys := range [][]Key{nil, {b}, {b, c}} {
		_, err := Mount(WithKeys(on, keys...), "d", How{})
		if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), a.ID()) {
			t.Errorf("with %v: %v", keys, err)
		}
		for _, k := range keys {
			if err == nil || !strings.Contains(err.Error(), k.ID()) || !strings.Contains(err.Error(), "the test's key") {
				t.Errorf("the error does not say which key was given: %v", err)
			}
		}
	}
	// A rotation: the new one first, the old one beside it, then the new one alone.
	mounted(t, on, b, a)
	hold(t, "a of both", on, a)
	hold(t, "b of both", on, b)
	mounted(t, on, b)
	hold(t, "b alone", on, b)
	if _, err := Mount(WithKeys(on, a), "d", How{}); !errors.Is(err, ErrLocked) {
		t.Errorf("the old key still opens: %v", err)
	}
	if ids, err := Rekey(WithKeys(on, c, b), "d"); err != nil || fmt.Sprint(ids) != fmt.Sprint([]string{c.ID(), b.ID()}) {
		t.Errorf("%v, %v", ids, err)
	}
	hold(t, "c", on, c)
	// Without its key file it is not taken for plain, with or without keys.
	text := read(t, on, "d/"+KeyFile)
	must(t, on.Remove("d/"+KeyFile))
	for _, keys := range [][]Key{nil, {c}} {
		if _, err := Mount(WithKeys(on, keys...), "d", How{}); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "key file") {
			t.Errorf("without its key file, with %v: %v", keys, err)
		}
	}
	// Whichever bit of the key file is flipped.
	for bit := range 8 * len(text) {
		changed := bytes.Clone(text)
		changed[bit/8] ^= 1 << (bit % 8)
		write(t, on, "d/"+KeyFile, changed)
		if _, err := Mount(WithKeys(on, c, b), "d", How{ReadOnly: true, Locked: true}); err == nil {
			t.Fatalf("bit %d of byte %d of the key file is flipped, and nobody says it", bit%8, bit/8)
		}
	}
	write(t, on, "d/"+KeyFile, text)
	hold(t, "at the end", on, b)
	// Pebble that knows nothing of it refuses the folder, and changes nothing.
	if db, err := pebble.Open("d", &pebble.Options{FS: on, Logger: silent{}}); err == nil {
		t.Error("a program that knows nothing of sealing opens it", db.Close())
	}
	hold(t, "after that", on, b)
}

type silent struct{}

func (silent) Infof(string, ...any)         {}
func (silent) Errorf(string, ...any)        {}
func (silent) Fatalf(f string, args ...any) { panic(fmt.Sprintf(f, args...)) }

// TestRekeyWhileSealing: a key that was retired meanwhile does not come back, and
// the one that took its place opens the folder.
func TestRekeyWhileSealing(t *testing.T) {
	a, b := keyNamed(t, 'a'), keyNamed(t, 'b')
	for what, rewrite := range map[string]func(*FS) error{
		"sealed": func(s *FS) error { _, err := s.Seal(t.Context()); return err },
		"cut off while it was unsealed": func(s *FS) error {
			ctx, cut := context.WithCancel(t.Context())
			cut()
			if _, err := s.Unseal(ctx); !errors.Is(err, context.Canceled) {
				return errors.New("it was not cut off")
			}
			return nil
		},
	} {
		on := plainFolder(t)
		s := mounted(t, on, a)
		for _, keys := range [][]Key{{b, a}, {b}} {
			if _, err := Rekey(WithKeys(on, keys...), "d"); err != nil {
				t.Fatal(err)
			}
		}
		must(t, rewrite(s))
		hold(t, what, on, b)
		if _, err := Mount(OpenWith(on, a), "d", How{}); !errors.Is(err, ErrLocked) {
			t.Errorf("%s: with the key that was retired: %v", what, err)
		}
	}
}

// TestKeysAreNotPrinted, whatever the verb.
func TestKeysAreNotPrinted(t *testing.T) {
	k := keyNamed(t, 'a')
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if got := fmt.Sprintf(verb+verb, k, []Key{k}); strings.Contains(got, "aaaa") || strings.Contains(got, "6161") || strings.Contains(got, "97 97") || !strings.Contains(got, k.ID()) {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

// TestCutOffAnywhere: beginning, sealing, a rotation and unsealing, each cut off by
// a fault of each kind at each operation and then by a power cut, leave a folder
// that holds what it held, and that goes on.
func TestCutOffAnywhere(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	a, b := keyNamed(t, 'a'), keyNamed(t, 'b')
	act := func(do func(*FS) error, keys ...Key) func(vfs.FS) error {
		return func(on vfs.FS) error {
			s, err := Mount(WithKeys(on, keys...), "d", How{})
			if err != nil {
				return err
			}
			return errors.Join(do(s), s.Release())
		}
	}
	nothing := func(*FS) error { return nil }
	seal := func(s *FS) error { _, err := s.Seal(t.Context()); return err }
	unseal := func(s *FS) error { _, err := s.Unseal(t.Context()); return err }
	for name, step := range map[string]struct {
		before, act func(vfs.FS) error
	}{
		"begin":  {nil, act(nothing, a)},
		"seal":   {nil, act(seal, a)},
		"add":    {act(seal, a), act(nothing, b, a)},
		"drop":   {act(seal, b, a), act(nothing, b)},
		"rekey":  {act(seal, a), func(on vfs.FS) error { _, err := Rekey(WithKeys(on, b, a), "d"); return err }},
		"unseal": {act(seal, a), act(unseal, a)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, how := range faultfs.Faults() {
				for at := 1; ; at++ {
					disk := plainFolder(t)
					if step.before != nil {
						must(t, step.before(disk))
					}
					over := faultfs.Over(disk)
					over.Strike(at, how)
					err := step.act(over)
					if over.Struck() == "" {
						must(t, err)
						break
					}
					for _, percent := range []int{0, 50, 100} {
						rng := rand.New(rand.NewPCG(seed, uint64(at)))
						after := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng})
						what := fmt.Sprintf("seed %d, %v at %d (%s), %d %%", seed, how, at, over.Struck(), percent)
						key := a
						if _, err := Mount(OpenWith(after, a), "d", How{ReadOnly: true, Locked: true}); errors.Is(err, ErrLocked) {
							key = b
						}
						hold(t, what, after, key)
						if name == "drop" {
							key = b
						}
						if err := step.act(after); err != nil {
							t.Fatalf("%s: it does not go on: %v", what, err)
						}
						if name == "rekey" || name == "add" {
							hold(t, what+", new key", after, b)
						}
						hold(t, what+", then on", after, key)
					}
				}
			}
		})
	}
}

// TestStateIsSaid: what is plain and what is not, at each step, without a key.
func TestStateIsSaid(t *testing.T) {
	a := keyNamed(t, 'a')
	on := plainFolder(t)
	say := func() string {
		s, err := Look(on, "d")
		must(t, err)
		return fmt.Sprint(s.Sealed, s.PlainFiles, s.PlainBytes, len(s.Keys))
	}
	bytesOf := 0
	for _, text := range folderTexts {
		bytesOf += len(text)
	}
	if got, want := say(), fmt.Sprint(false, 4, bytesOf, 0); got != want {
		t.Errorf("plain: %s, want %s", got, want)
	}
	s := mounted(t, on, a)
	must(t, s.Remove("d/000002.log"))
	write(t, s, "d/000005.log", []byte("new"))
	if got, want := say(), fmt.Sprint(true, 3, bytesOf-3, 1); got != want {
		t.Errorf("begun: %s, want %s", got, want)
	}
	n, err := mounted(t, on, a).Seal(t.Context())
	if got, want := say(), fmt.Sprint(true, 0, 0, 1); err != nil || n != 3 || got != want {
		t.Errorf("sealed: %d files, %s, %v; want %s", n, got, err, want)
	}
	n, err = mounted(t, on, a).Unseal(t.Context())
	if got, want := say(), fmt.Sprint(false, 4, bytesOf, 0); err != nil || n != 4 || got != want {
		t.Errorf("unsealed: %d files, %s, %v; want %s", n, got, err, want)
	}
}

// TestPlainFilesAreNotSlippedIn: but for those that were there before, a file
// without a header is damage, and read by nobody.
func TestPlainFilesAreNotSlippedIn(t *testing.T) {
	on := plainFolder(t)
	s := mounted(t, on, keyNamed(t, 'a'))
	for _, name := range []string{"d/000009.sst", "d/000009.log"} {
		write(t, on, name, []byte(strings.Repeat("slipped in ", 20)))
		if got, err := tryRead(s, name); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := s.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, on, "d/000001.sst", []byte(strings.Repeat("slipped in ", 20)))
	if got, err := tryRead(mounted(t, on, keyNamed(t, 'a')), "d/000001.sst"); !errors.Is(err, ErrDamaged) {
		t.Errorf("in the place of a sealed one: %q, %v", got, err)
	}
}
