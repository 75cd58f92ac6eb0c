package sealedfs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// keyNamed is an operator's key for tests.
func keyNamed(t testing.TB, name byte) Key {
	t.Helper()
	k, err := NewKey(bytes.Repeat([]byte{name}, keySize), "the test's key "+string(name))
	must(t, err)
	return k
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mounted mounts the folder "d" for writing and gives the lock up at once.
func mounted(t testing.TB, on vfs.FS, keys ...Key) *FS {
	t.Helper()
	s, err := Mount(WithKeys(on, keys...), "d", How{})
	must(t, err)
	must(t, s.Release())
	return s
}

func write(t testing.TB, fs vfs.FS, name string, texts ...[]byte) {
	t.Helper()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	must(t, err)
	for _, text := range texts {
		_, err := f.Write(slices.Clone(text))
		must(t, errors.Join(err, f.Sync()))
	}
	must(t, f.Close())
}

func read(t testing.TB, fs vfs.FS, name string) []byte {
	t.Helper()
	text, err := tryRead(fs, name)
	must(t, err)
	return text
}

func tryRead(fs vfs.FS, name string) ([]byte, error) {
	f, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(onlyReader{f})
	return text, errors.Join(err, f.Close())
}

func noise(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// TestReadsWhatWasWritten, of both shapes and of every size around a frame's: from
// front to back, at random offsets, with the sizes that Stat says, and after a
// rename and by a second name.
func TestReadsWhatWasWritten(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	s := mounted(t, vfs.NewMem(), keyNamed(t, 'a'))
	for _, name := range []string{"d/000001.sst", "d/000002.log", "d/000003.blob", "d/MANIFEST-000004"} {
		for _, size := range []int{0, 1, 4095, 4096, 4097, 8192, 32 << 10, 32<<10 + 1, 100_000, 300_000} {
			text := noise(rng, size)
			var pieces [][]byte
			for rest := text; len(rest) > 0; {
				n := 1 + rng.IntN(min(len(rest), 50_000))
				pieces, rest = append(pieces, rest[:n]), rest[n:]
			}
			write(t, s, name, pieces...)
			must(t, s.Rename(name, "d/x"+name[2:]))
			must(t, s.Link("d/x"+name[2:], name))
			if got := read(t, s, name); !bytes.Equal(got, text) {
				t.Fatalf("%s of %d bytes is read as %d others", name, size, len(got))
			}
			must(t, s.Remove("d/x"+name[2:]))
			i, err := s.Stat(name)
			must(t, err)
			f, err := s.Open(name)
			must(t, err)
			j, err := f.Stat()
			if err != nil || i.Size() != int64(size) || j.Size() != int64(size) {
				t.Errorf("%s of %d bytes has %d by name and %d when open, %v", name, size, i.Size(), j.Size(), err)
			}
			for range 50 {
				off := rng.IntN(size + 10)
				p := make([]byte, 1+rng.IntN(9000))
				n, err := f.ReadAt(p, int64(off))
				want := text[min(off, size):min(off+len(p), size)]
				if !bytes.Equal(p[:n], want) || err != nil && err != io.EOF || (err == io.EOF) != (n < len(p)) {
					t.Fatalf("seed %d: %s of %d bytes: %d at %d: %d bytes, %v", seed, name, size, len(p), off, n, err)
				}
			}
			must(t, f.Close())
		}
	}
}

// TestNoncesAreUnique: no two frames of a folder are sealed with one key and one
// nonce: ids of files differ, numbers within a file count up, and every handle
// begins a file of its own, also where Pebble would recycle one.
func TestNoncesAreUnique(t *testing.T) {
	on := vfs.NewMem()
	s := mounted(t, on, keyNamed(t, 'a'))
	seen := map[string]string{}
	look := func(name string) {
		raw := read(t, on, name)
		id := string(raw[len(magic)+2 : len(magic)+2+keySize])
		if seen[id] != "" {
			t.Errorf("%s has the id of %s", name, seen[id])
		}
		seen[id] = name
		want := uint64(0)
		for at := headerSize; at < len(raw); want++ {
			f, ok := parseFrame(raw[at:])
			if !ok || f.number != want {
				t.Fatalf("%s: frame %d has number %d", name, want, f.number)
			}
			at += f.length
		}
	}
	old := ""
	for i := range 20 {
		name := fmt.Sprintf("d/%06d.log", i)
		if old == "" {
			write(t, s, name, []byte("same text"), []byte("same text"))
		} else {
			f, err := s.ReuseForWrite(old, name, vfs.WriteCategoryUnspecified)
			must(t, err)
			_, err = f.Write([]byte("same text"))
			must(t, errors.Join(err, f.Close()))
		}
		look(name)
		old = name
	}
	if _, err := s.OpenReadWrite(old, vfs.WriteCategoryUnspecified); err == nil {
		t.Error("a file that was closed is written on")
	}
	// The same text, twice under one name, is never the same bytes.
	write(t, s, "d/1.sst", []byte("same text"))
	first := read(t, on, "d/1.sst")
	write(t, s, "d/1.sst", []byte("same text"))
	if bytes.Equal(first, read(t, on, "d/1.sst")) {
		t.Error("two files are sealed alike")
	}
}

// failing fails the n-th write from now and every later one not, after it wrote half.
type failing struct {
	vfs.File
	left int
}

func (f *failing) Write(p []byte) (int, error) {
	if f.left--; f.left == 0 {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, errors.New("injected")
	}
	return f.File.Write(p)
}

// TestWritesNoMoreAfterAFailure: under the number of a frame of which half may be on
// the disk no other text is ever sealed.
func TestWritesNoMoreAfterAFailure(t *testing.T) {
	on := vfs.NewMem()
	s := mounted(t, on, keyNamed(t, 'a'))
	for _, name := range []string{"d/1.log", "d/1.sst"} {
		for at := 1; at < 4; at++ {
			f, err := on.Create(name, vfs.WriteCategoryUnspecified)
			must(t, err)
			w := s.writer(name, &failing{f, at})
			failed := 0
			for range 40 {
				if _, err := w.Write(noise(rand.New(rand.NewPCG(1, 1)), 40_000)); err != nil {
					failed++
				} else if failed > 0 {
					t.Errorf("%s: written again after a failure", name)
				}
			}
			before := len(read(t, on, name))
			if w.Sync() == nil || w.Close() == nil || failed == 0 {
				t.Errorf("%s: a failed write is forgotten", name)
			}
			if after := len(read(t, on, name)); after != before {
				t.Errorf("%s: %d more bytes after a failure", name, after-before)
			}
		}
	}
}

// TestEveryBitCounts: whichever bit of a closed file is flipped, and wherever one is
// cut, nothing is read that was not written, and a flipped bit is said.
func TestEveryBitCounts(t *testing.T) {
	on := vfs.NewMem()
	s := mounted(t, on, keyNamed(t, 'a'))
	rng := rand.New(rand.NewPCG(1, 2))
	for name, pieces := range map[string][]int{"d/1.sst": {5000}, "d/2.sst": {4096}, "d/3.log": {10, 200, 3000}} {
		var texts [][]byte
		for _, n := range pieces {
			texts = append(texts, noise(rng, n))
		}
		write(t, s, name, texts...)
		whole, text := read(t, on, name), bytes.Join(texts, nil)
		for bit := range 8 * len(whole) {
			if bit > 8*100 && bit < 8*(len(whole)-60) && rng.IntN(40) > 0 {
				continue
			}
			raw := slices.Clone(whole)
			raw[bit/8] ^= 1 << (bit % 8)
			write(t, on, name, raw)
			damage, torn, err := s.Check(t.Context())
			must(t, err)
			if len(damage)+len(torn) == 0 {
				t.Fatalf("%s: bit %d of byte %d is flipped, and nobody says it", name, bit%8, bit/8)
			}
			if got, _ := tryRead(s, name); !bytes.HasPrefix(text, bytes.TrimSuffix(got, unclean)) {
				t.Fatalf("%s: with byte %d flipped something else is read", name, bit/8)
			}
		}
		for range 300 {
			write(t, on, name, whole[:rng.IntN(len(whole))])
			got, err := tryRead(s, name)
			if !bytes.HasPrefix(text, bytes.TrimSuffix(got, unclean)) || strings.HasSuffix(name, ".sst") && err == nil && len(got) > 0 {
				t.Fatalf("%s: cut, and %d bytes are read, %v", name, len(got), err)
			}
		}
		write(t, on, name, whole)
	}
}

// TestFramesStayWhereTheyAre: swapped within a file, moved between files, cut out of
// the middle, doubled, or put behind the end.
func TestFramesStayWhereTheyAre(t *testing.T) {
	on := vfs.NewMem()
	s := mounted(t, on, keyNamed(t, 'a'))
	a, b, c := bytes.Repeat([]byte("a"), 100), bytes.Repeat([]byte("b"), 100), bytes.Repeat([]byte("c"), 100)
	write(t, s, "d/1.log", a, b, c)
	write(t, s, "d/2.log", a, b, c)
	one, two := read(t, on, "d/1.log"), read(t, on, "d/2.log")
	const size = frameHeader + 100 + tagSize
	cut := func(raw []byte) (head []byte, frames [][]byte) {
		head, rest := raw[:headerSize], raw[headerSize:]
		for len(rest) > size {
			frames, rest = append(frames, rest[:size]), rest[size:]
		}
		return head, append(frames, rest)
	}
	head, f := cut(one)
	_, g := cut(two)
	for what, frames := range map[string][][]byte{
		"swapped":         {f[1], f[0], f[2], f[3]},
		"moved":           {f[0], g[1], f[2], f[3]},
		"cut out":         {f[0], f[2], f[3]},
		"doubled":         {f[0], f[0], f[1], f[2], f[3]},
		"behind the end":  {f[0], f[1], f[2], f[3], f[3]},
		"the first is of": {g[0], f[1], f[2], f[3]},
		"end of another":  {f[0], f[1], g[2], f[3]},
	} {
		write(t, on, "d/1.log", head, bytes.Join(frames, nil))
		if got, err := tryRead(s, "d/1.log"); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %q, %v", what, got, err)
		}
	}
	// The same with tables, whose frames have no header.
	write(t, s, "d/1.sst", noise(rand.New(rand.NewPCG(1, 1)), 3*tableText))
	raw := read(t, on, "d/1.sst")
	frame := func(i int) []byte { return raw[headerSize+i*tableFrame:][:tableFrame] }
	for what, changed := range map[string][]byte{
		"swapped": bytes.Join([][]byte{raw[:headerSize], frame(1), frame(0), frame(2), raw[len(raw)-tagSize:]}, nil),
		"cut out": bytes.Join([][]byte{raw[:headerSize], frame(0), frame(2), raw[len(raw)-tagSize:]}, nil),
		"no end":  raw[:len(raw)-tagSize],
	} {
		write(t, on, "d/1.sst", changed)
		if _, err := tryRead(s, "d/1.sst"); !errors.Is(err, ErrDamaged) {
			t.Errorf("table %s: %v", what, err)
		}
	}
}

// TestTornTails: what a power cut leaves of a stream reads as what was synced, with
// nothing that was not written, and never as damage. 300 cuts.
func TestTornTails(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for round := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, round))
		on := vfs.NewCrashableMem()
		must(t, on.MkdirAll("d", 0o700))
		must(t, syncFolder(on, ""))
		s := mounted(t, on, keyNamed(t, 'a'))
		f, err := s.Create("d/1.log", vfs.WriteCategoryUnspecified)
		must(t, errors.Join(err, syncFolder(on, "d")))
		var written []byte
		synced := 0
		for range rng.IntN(12) {
			p := noise(rng, 1+rng.IntN(12_000))
			written = append(written, p...)
			_, err := f.Write(p)
			must(t, err)
			if rng.IntN(3) == 0 {
				must(t, f.Sync())
				synced = len(written)
			}
		}
		after := on.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
		got, err := tryRead(mounted(t, after, keyNamed(t, 'a')), "d/1.log")
		got = bytes.TrimSuffix(got, unclean)
		if err != nil || len(got) < synced || !bytes.HasPrefix(written, got) {
			t.Fatalf("seed %d, round %d: %d bytes of %d, of which %d were synced: %v", seed, round, len(got), len(written), synced, err)
		}
	}
}

// TestReadsALogThatGrows, as a backup does, and takes nothing for damage.
func TestReadsALogThatGrows(t *testing.T) {
	s := mounted(t, vfs.NewMem(), keyNamed(t, 'a'))
	f, err := s.Create("d/1.log", vfs.WriteCategoryUnspecified)
	must(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 2000 {
			_, err := f.Write([]byte("abcdefghij"))
			if err := errors.Join(err, f.Sync()); err != nil {
				t.Error(err)
			}
		}
	}()
	for more := true; more; {
		select {
		case <-done:
			more = false
		default:
		}
		if got, err := tryRead(s, "d/1.log"); err != nil || len(got)%10 != 0 {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	}
	must(t, f.Close())
	if got := read(t, s, "d/1.log"); len(got) != 20_000 {
		t.Errorf("%d bytes", len(got))
	}
}

// FuzzStream reads what anybody may have put in the place of frames: it ends, with
// an error or not, and gives nothing that was not sealed.
func FuzzStream(f *testing.F) {
	on := vfs.NewMem()
	s := mounted(f, on, keyNamed(f, 'a'))
	write(f, s, "d/1.log", []byte("first"), []byte("second"))
	raw := read(f, on, "d/1.log")
	f.Add(raw[headerSize:])
	f.Add(raw[headerSize+frameHeader:])
	f.Add([]byte{})
	f.Add(make([]byte, 100))
	f.Add(append(slices.Clone(raw[headerSize:]), 0))
	f.Fuzz(func(t *testing.T, frames []byte) {
		on := vfs.NewMem()
		s := &FS{FS: on, dir: "d", data: s.data}
		must(t, on.MkdirAll("d", 0o700))
		write(t, on, "d/1.log", raw[:headerSize], frames)
		got, err := tryRead(s, "d/1.log")
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("%v", err)
		}
		if got = bytes.TrimSuffix(got, unclean); !strings.HasPrefix("firstsecond", string(got)) {
			t.Errorf("read %q", got)
		}
		write(t, on, "d/1.sst", raw[:headerSize], frames)
		if got, _ := tryRead(s, "d/1.sst"); len(got) > 0 {
			t.Errorf("a stream's header makes a table of it: %q", got)
		}
	})
}
