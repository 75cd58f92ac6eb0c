package edge

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/valyala/fasthttp"

	"matchkey/collector"
)

// TestBodyIsCopied: a slice of fasthttp's body reads back as the next request's.
func TestBodyIsCopied(t *testing.T) {
	var ctx fasthttp.RequestCtx
	ctx.Request.SetBodyString("visitor one")
	own, why := ownBody(&ctx, 100)
	if why != "" {
		t.Fatal(why)
	}
	theirs := ctx.Request.Body()
	copy(theirs, "visitor two")
	if string(own) != "visitor one" {
		t.Errorf("the body is the connection's: %q", own)
	}
}

// TestNothingOfABeaconChangesLater sends two visitors' beacons of equal length
// over one connection. The journal of this test keeps what it was given; if any
// of it were the connection's memory, the second visitor would show through.
func TestNothingOfABeaconChangesLater(t *testing.T) {
	f := start(t, trustingProxies)
	send := func(who string) {
		body := strings.NewReplacer("toybxa", who, "c42", who[:3], "landing", who+"x", "IwAR3", who[:5], "sku", who[:3]).Replace(full)
		f.beacon(body, "User-Agent", "agent of "+who, "X-Forwarded-For", "198.51.100."+fmt.Sprint(len(who)), "Cookie", "_mkv="+who)
	}
	send("first1")
	before := f.journal.asJSON(t)
	if !strings.Contains(before, "first1") {
		t.Fatal("the first visitor is not there")
	}
	for range 10 {
		send("secon2")
	}
	if after := f.journal.asJSON(t); !strings.HasPrefix(after, before[:len(before)-1]) {
		t.Errorf("the first visitor's events changed:\n%.2000s\n%.2000s", before, after)
	}
}

func TestBodyOfALimit(t *testing.T) {
	for n, want := range map[int]collector.Reason{0: collector.ReasonBodyEmpty, 1: "", 100: "", 101: collector.ReasonBodyTooLarge, 5000: collector.ReasonBodyTooLarge} {
		for _, streamed := range []bool{false, true} {
			var ctx fasthttp.RequestCtx
			body := strings.Repeat("x", n)
			if streamed { // of unknown length
				ctx.Request.SetBodyStream(strings.NewReader(body), -1)
			} else {
				ctx.Request.SetBodyString(body)
			}
			got, why := ownBody(&ctx, 100)
			if why != want || why == "" && string(got) != body {
				t.Errorf("%d bytes, streamed %v: %q", n, streamed, why)
			}
		}
	}
}

// TestBodyCutOff: the peer went away in the middle. What arrived may well be
// valid JSON; it is not what was sent.
func TestBodyCutOff(t *testing.T) {
	var ctx fasthttp.RequestCtx
	ctx.Request.SetBodyStream(strings.NewReader("{}"), 10)
	ctx.Request.Header.SetContentLength(10)
	if _, why := ownBody(&ctx, 100); why != ReasonRequestMalformed {
		t.Errorf("got %q", why)
	}
	ctx.Request.SetBodyStream(io.MultiReader(strings.NewReader("{}"), brokenReader{}), -1)
	if _, why := ownBody(&ctx, 100); why != ReasonRequestMalformed {
		t.Errorf("got %q", why)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestDecompressionIsBounded(t *testing.T) {
	bomb := []byte(zipped(t, strings.Repeat("0", 1000)))
	if _, why := decoded(bomb, "gzip", 999); why != collector.ReasonBodyTooLarge {
		t.Errorf("one byte too many: %q", why)
	}
	if plain, why := decoded(bomb, "gzip", 1000); why != "" || len(plain) != 1000 {
		t.Errorf("just right: %q", why)
	}
	if _, why := decoded(bytes.Repeat(bomb, 3), "gzip", 2999); why != collector.ReasonBodyTooLarge {
		t.Errorf("three in a row: %q", why)
	}
}

// TestManyAtOnce sends visitors' beacons side by side; nothing of one may show
// in another's events.
func TestManyAtOnce(t *testing.T) {
	f := start(t, trustingProxies)
	const visitors, beacons = 8, 40
	var wg sync.WaitGroup
	for v := range visitors {
		wg.Go(func() {
			who := strconv.Itoa(v)
			body := strings.NewReplacer("toybxa", "visitor"+who, "c42", "customer"+who, "landing", "page"+who).Replace(full)
			for range beacons {
				if r := f.beacon(body, "X-Forwarded-For", "198.51.100."+who, "User-Agent", "agent"+who); r.StatusCode != 204 {
					t.Errorf("got %d", r.StatusCode)
				}
				f.beacon(`{"broken":` + who)
			}
		})
	}
	wg.Wait()
	events := f.journal.stored()
	if len(events) != 2*visitors*beacons {
		t.Errorf("%d events were stored", len(events))
	}
	for _, e := range events {
		who := e.Client.IP[len(e.Client.IP)-1:]
		if e.Visitor != "1.visitor"+who+".mfa9c0ffee" || e.Customer != "customer"+who || e.Client.UserAgent != "agent"+who ||
			e.URL != "https://shop.example/page"+who+"/a%20b" {
			t.Fatalf("two visitors in one event: %+v", e)
		}
	}
}
