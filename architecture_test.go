package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The rules of the house, each with its reason. When one fails, move the code;
// when the rule itself no longer holds, change it here and in docs/architecture.md.

// source is one Go file that is not a test, parsed.
type source struct {
	path, dir string
	imports   []string
	file      *ast.File
}

// sources parses every Go file below the root that is not a test.
func sources(t *testing.T) (all []source) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "tools" || d.Name() != "." && strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		s := source{path: path, dir: filepath.ToSlash(filepath.Dir(path)), file: file}
		for _, i := range file.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, name)
		}
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func within(dir, tree string) bool { return dir == tree || strings.HasPrefix(dir, tree+"/") }

func isStandard(path string) bool {
	return !strings.Contains(strings.Split(path, "/")[0], ".") && !within(path, "matchkey")
}

func TestImports(t *testing.T) {
	rules := []struct {
		reason string
		broken func(dir, imported string) bool
	}{
		{"the words import the standard library only: everybody speaks them, so they may know no technology",
			func(dir, i string) bool { return dir == "collector" && !isStandard(i) }},
		{"the edge never sees the machinery: it is handed a journal in words, so that it can run apart from it",
			func(dir, i string) bool { return within(dir, "edge") && within(i, "matchkey/collector/") }},
		{"no fasthttp under collector/: a fasthttp body is valid only within its handler, and nobody there is one",
			func(dir, i string) bool {
				return within(dir, "collector") && strings.HasPrefix(i, "github.com/valyala/fasthttp")
			}},
		{"only build imports esbuild: it is 6 MiB and one idea",
			func(dir, i string) bool {
				return !within(dir, "build") && strings.HasPrefix(i, "github.com/evanw/esbuild")
			}},
		{"internal/* know the words, each other and nothing else of ours: what they need is handed in by the engine",
			func(dir, i string) bool {
				return within(dir, "collector/internal") && within(i, "matchkey") && i != "matchkey/collector" && !within(i, "matchkey/collector/internal")
			}},
		{"the engine assembles internal/* and is handed destinations and rules in words",
			func(dir, i string) bool {
				return dir == "collector/engine" && within(i, "matchkey") && i != "matchkey/collector" && !within(i, "matchkey/collector/internal")
			}},
		{"only the engine (and the suites) reach behind the wall",
			func(dir, i string) bool {
				return within(i, "matchkey/collector/internal") && dir != "collector/engine" && !within(dir, "collector/internal") && dir != "collector/collectortest"
			}},
		{"the pure packages do no I/O: consent, scenario and quality must answer alike for the pipeline, the dispatcher and an audit",
			func(dir, i string) bool {
				pure := dir == "collector/consent" || dir == "collector/scenario" || dir == "collector/quality"
				return pure && (i == "os" || i == "net" || i == "net/http" || within(i, "matchkey/collector/engine"))
			}},
		{"the tag knows only its own folder",
			func(dir, i string) bool { return dir == "tag" && within(i, "matchkey") }},
		{"nothing imports main",
			func(_, i string) bool { return i == "matchkey" }},
	}
	for _, s := range sources(t) {
		for _, i := range s.imports {
			for _, r := range rules {
				if r.broken(s.dir, i) {
					t.Errorf("%s imports %s, but %s", s.path, i, r.reason)
				}
			}
		}
	}
}

// vendorWord finds Meta's words in names and strings.
var vendorWord = regexp.MustCompile(`(?i)\b(fbc|fbp|_fbc|_fbp|fbclid|fbq|pixel(_id)?|user_data|custom_data|event_source_url|action_source|test_event_code|facebook|graph api|conversions api)\b|\bMeta\b`)

// TestVendorWords: Meta's words live in collector/meta and in the tag's
// identifiers. Whoever else knew them would have to change with Meta.
func TestVendorWords(t *testing.T) {
	for _, s := range sources(t) {
		if !within(s.dir, "collector/engine") && !within(s.dir, "collector/internal") && !within(s.dir, "edge") && s.dir != "collector" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			word := ""
			switch n := n.(type) {
			case *ast.Ident:
				word = vendorWord.FindString(n.Name)
			case *ast.BasicLit:
				word = vendorWord.FindString(n.Value)
			}
			if word != "" {
				t.Errorf("%s uses %q: Meta's words live in collector/meta and the tag's identifiers only; say it in ours (docs/architecture.md has the table)", s.path, word)
			}
			return true
		})
	}
}

// TestEveryPackageSaysWhatItIs: a newcomer reads doc.go first.
func TestEveryPackageSaysWhatItIs(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range sources(t) {
		name := filepath.Base(s.path)
		documented[s.dir] = documented[s.dir] || s.file.Doc != nil && (name == "doc.go" || s.file.Name.Name == "main")
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s has no doc.go that says what it is, why it is separate and what it promises", dir)
		}
	}
}

// TestTopLevel: the top level is the table of contents, so it stays short.
func TestTopLevel(t *testing.T) {
	allowed := map[string]bool{
		"collector": true, "tag": true, "edge": true, "build": true, "docs": true,
		"go.mod": true, "go.sum": true, "Makefile": true, "README.md": true, "CHANGELOG.md": true, "BENCHMARKS.md": true,
		"LICENSE": true, "staticcheck.conf": true, "testdata": true,
		"matchkey": true, // the built binary, ignored by git
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !allowed[e.Name()] && !strings.HasPrefix(e.Name(), ".") && !strings.HasSuffix(e.Name(), ".go") {
			t.Errorf("%s stands at the top level; everything there is listed in this test, so that a newcomer can draw the house from ls", e.Name())
		}
	}
}
