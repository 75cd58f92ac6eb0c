package browsertest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Accessible fails the test for everything by which the page breaks WCAG 2.2 A and
// AA or axe-core's best practices, as far as rules can tell, at the width in CSS
// pixels and in the dark or the light scheme. Without axe-core it is as without a
// browser: a failure in CI, else the test is skipped; `make axe` fetches it.
func (p *Page) Accessible(width int, dark bool) {
	p.t.Helper()
	rules, err := os.ReadFile(axePath())
	if err != nil {
		if os.Getenv("CI") != "" {
			p.t.Fatalf("no rules of accessibility: %v; `make axe` fetches them", err)
		}
		p.t.Skipf("no rules of accessibility: %v; `make axe` fetches them", err)
	}
	p.run("setting the window", chromedp.EmulateViewport(int64(width), 800), emulation.SetEmulatedMedia().WithFeatures(scheme(dark)))
	p.Eval(string(rules)+";0", nil)
	var violations []struct {
		ID, Help string
		Nodes    []struct {
			HTML           string
			FailureSummary string
		}
	}
	p.Eval(`axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations)`, &violations)
	for _, v := range violations {
		var where []string
		for _, n := range v.Nodes {
			where = append(where, fmt.Sprintf("%s\n    %s", n.HTML, strings.ReplaceAll(n.FailureSummary, "\n", "\n    ")))
		}
		p.t.Errorf("at %d px, dark %v: %s (%s):\n  %s", width, dark, v.Help, v.ID, strings.Join(where, "\n  "))
	}
	var wide int
	p.Eval(`document.documentElement.scrollWidth`, &wide)
	if wide > width {
		p.t.Errorf("the page is %d px wide in a window of %d px, so that people have to scroll sideways (WCAG 2.2, 1.4.10)", wide, width)
	}
}

// axePath is where build/axe.sh puts the rules, from this file's place.
func axePath() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "..", "build", "tools", "node_modules", "axe-core", "axe.min.js")
}
