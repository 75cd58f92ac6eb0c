package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"matchkey/collector/consent"
)

// A result is what one round of load found.
type result struct {
	Rate     float64 // acknowledged requests per second
	Count    int     // acknowledged requests
	P50, P99 float64 // ms
	Refused  int     // 503: come again
	Failed   int     // anything else but 204

	processor time.Duration // of the load generator
}

// newResult counts what was acknowledged within a time.
func newResult(times []time.Duration, length time.Duration) result {
	slices.Sort(times)
	at := func(q float64) float64 {
		if len(times) == 0 {
			return 0
		}
		return float64(times[int(q*float64(len(times)-1))].Microseconds()) / 1000
	}
	return result{Rate: float64(len(times)) / length.Seconds(), Count: len(times), P50: at(0.5), P99: at(0.99)}
}

func (r result) print() error { return json.NewEncoder(os.Stdout).Encode(r) }

// asked is the notice of the server's configuration: a yes to another text
// proves nothing, and what it allows is not kept.
var asked = consent.Notice{Language: "en", Text: "May we?", Recipients: []string{"meta"}, Epoch: 1}

var noticeHash = asked.Hash()

// origin is the page that the beacons pretend to come from.
const origin = "https://shop.example"

// A loader sends beacons over a number of connections, one at a time on each.
type loader struct {
	client *fasthttp.Client
	url    string
	run    string // names the events
	conns  int
	began  time.Time
	end    time.Time
	every  time.Duration // between two requests of all connections; 0: as soon as there is an answer
	held   atomic.Bool   // nobody sends
}

// load is one round of load. It prints a result as JSON.
func (s *settings) load() error {
	l := &loader{
		client: &fasthttp.Client{MaxConnsPerHost: s.conns, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second},
		url:    s.url, conns: s.conns, began: time.Now(),
	}
	l.run, l.end = strconv.FormatInt(l.began.UnixNano(), 36), l.began.Add(s.length)
	if s.perSecond > 0 {
		l.every = time.Duration(float64(time.Second) / s.perSecond)
	}
	var (
		wg              sync.WaitGroup
		mu              sync.Mutex
		times           []time.Duration
		refused, failed int
	)
	if s.metrics != "" {
		go l.holdWhileBehind(s.metrics)
	}
	for c := range s.conns {
		wg.Go(func() {
			mine, no, bad := l.send(c)
			mu.Lock()
			defer mu.Unlock()
			times = append(times, mine...)
			refused, failed = refused+no, failed+bad
		})
	}
	wg.Wait()
	if len(times) == 0 {
		return fmt.Errorf("no request to %s was acknowledged, %d were refused and %d failed", s.url, refused, failed)
	}
	r := newResult(times, time.Since(l.began))
	r.Refused, r.Failed = refused, failed
	return r.print()
}

// mayLag is how many events may wait to be applied while the lag must not grow.
const mayLag = 2000

// holdWhileBehind lets nobody send while too much waits to be applied.
func (l *loader) holdWhileBehind(metrics string) {
	for time.Now().Before(l.end) {
		lag, err := lagOf(metrics)
		l.held.Store(err == nil && lag > mayLag)
		time.Sleep(20 * time.Millisecond)
	}
	l.held.Store(false)
}

// send is one connection. A latency counts from when the request should have
// left, so that a server that is slow for a while does not hide what it made wait.
func (l *loader) send(conn int) (times []time.Duration, refused, failed int) {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	req.SetRequestURI(l.url)
	req.Header.SetMethod(fasthttp.MethodPost)
	req.Header.SetContentType("text/plain;charset=UTF-8")
	req.Header.Set("Origin", origin)
	req.Header.SetUserAgent("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36")
	for n := 0; ; n++ {
		due := time.Now()
		if l.every > 0 {
			due = l.began.Add(time.Duration(n*l.conns+conn) * l.every)
			time.Sleep(min(time.Until(due), time.Until(l.end)))
		}
		for l.held.Load() {
			time.Sleep(time.Millisecond)
			due = time.Now()
		}
		if !due.Before(l.end) {
			return times, refused, failed
		}
		req.SetBodyString(beacon(l.run, conn, n))
		err := l.client.Do(req, resp)
		switch {
		case err == nil && resp.StatusCode() == fasthttp.StatusNoContent:
			times = append(times, time.Since(due))
		case err == nil && resp.StatusCode() == fasthttp.StatusServiceUnavailable:
			refused++
			time.Sleep(100 * time.Millisecond)
		default:
			failed++
		}
	}
}

// beacon is a page view of one of 10,000 visitors, with consent and both
// identifiers, about 590 bytes.
func beacon(run string, conn, n int) string {
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	visitor := "1.toybxa." + fmt.Sprintf("%016d", (conn*7919+n)%10_000)
	return `{"v":1,"t":` + now + `,"b":"23c060e1","i":"` + visitor + `","k":"toybxa6aof","p":"x7` + strconv.Itoa(n) + `",` +
		`"l":"` + origin + `/product/teapot?utm_source=ad&utm_campaign=autumn","r":"https://www.example.org/",` +
		`"m":{"_fbp":"fb.1.1603122906825.1012802381","_fbc":"fb.1.1795431640000.IwAR3xruhRZhD77zSpA669v9xdo3I0VHHoz2gXwvpE8uWPb8qN5Eq2TfgGr6s"},` +
		`"c":{"a":"accept","t":1795431646000,"n":"` + noticeHash + `","g":"en","s":"banner","x":true},` +
		`"e":[{"n":"page_view","i":"` + run + "." + strconv.Itoa(conn) + "." + strconv.Itoa(n) + `","t":` + now + `}]}`
}
