package browsertest

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// StepTimeout bounds every step. It is generous because it is never waited for
// unless something is wrong, and because test machines are busy.
const StepTimeout = 30 * time.Second

// A Browser is one headless Chromium with a profile of its own, gone when the
// test that started it ends. It is safe for concurrent use.
type Browser struct {
	ctx  context.Context
	quit func()
}

// New starts a browser, or ends the test when there is none (see the package
// documentation for whether that is a failure).
func New(t testing.TB) *Browser {
	t.Helper()
	return At(t, t.TempDir())
}

// At is [New] with a profile in a folder, which a later browser may take up after
// [Browser.Quit].
func At(t testing.TB, profile string) *Browser {
	t.Helper()
	path, err := Find()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%v", err)
		}
		t.Skipf("%v", err)
	}
	allocator, release := chromedp.NewExecAllocator(context.Background(), flags(path, profile)...)
	t.Cleanup(release)
	// chromedp logs messages of a newer browser that it does not know; they say
	// nothing about the test.
	quiet := func(string, ...any) {}
	ctx, stop := chromedp.NewContext(allocator, chromedp.WithErrorf(quiet), chromedp.WithLogf(quiet))
	quit := sync.OnceFunc(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("The browser did not end in order: %v", err)
		}
		stop()
		release()
	})
	t.Cleanup(quit)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("%s was found but does not start: %v", path, err)
	}
	return &Browser{ctx: ctx, quit: quit}
}

// Quit ends the whole browser, with every tab, as a person does who closes its
// last window, and returns when it is gone.
func (b *Browser) Quit() { b.quit() }

// Find returns the path of the Chromium that New starts.
func Find() (string, error) {
	candidates := []string{"chromium", "chromium-browser", "google-chrome"}
	if own := os.Getenv("CHROMIUM"); own != "" {
		candidates = []string{own}
	}
	for _, name := range candidates {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no browser found (tried %q): browser tests need Chromium; `make browser` installs it, or set $CHROMIUM to its path", candidates)
}

func flags(path, profile string) []chromedp.ExecAllocatorOption {
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path),
		chromedp.UserDataDir(profile),
		chromedp.WSURLReadTimeout(StepTimeout),
		chromedp.CombinedOutput(io.Discard),
		// Tests must not talk to the world, and want names of their own.
		chromedp.Flag("host-resolver-rules", "MAP * 127.0.0.1"),
	}
	for _, on := range []string{
		"headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "no-default-browser-check",
		"disable-background-networking", "disable-popup-blocking", "disable-component-update", "disable-sync",
		"disable-dev-shm-usage", // containers have a small /dev/shm
		// Several pages live at once in one window; none may be slowed down for
		// not being in front.
		"disable-background-timer-throttling", "disable-renderer-backgrounding", "disable-backgrounding-occluded-windows",
	} {
		options = append(options, chromedp.Flag(on, true))
	}
	return options
}
