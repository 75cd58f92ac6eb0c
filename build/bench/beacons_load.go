package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"matchkey/collector/consent"
)

// A result is what one round of load found.
type result struct {
	Rate   float64 // acknowledged requests per second
	P50    float64 // ms
	P99    float64 // ms
	Failed int     // anything but 204
}

// asked is the notice of the server's configuration: a yes to another text
// proves nothing, and what it allows is not kept.
var asked = consent.Notice{Language: "en", Text: "May we?", Recipients: []string{"meta"}, Epoch: 1}

var noticeHash = asked.Hash()

// origin is the page that the beacons pretend to come from.
const origin = "https://shop.example"

// load sends beacons over a number of connections, one at a time on each, and
// prints a result as JSON.
func load(url string, conns int, length time.Duration) error {
	client := &fasthttp.Client{MaxConnsPerHost: conns, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second}
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		times []time.Duration
		bad   int
	)
	run := strconv.FormatInt(time.Now().UnixNano(), 36)
	began := time.Now()
	end := began.Add(length)
	for c := range conns {
		wg.Go(func() {
			mine, failed := send(client, url, run+"."+strconv.Itoa(c), end)
			mu.Lock()
			defer mu.Unlock()
			times = append(times, mine...)
			bad += failed
		})
	}
	wg.Wait()
	if len(times) == 0 {
		return fmt.Errorf("no request to %s was acknowledged, %d failed", url, bad)
	}
	slices.Sort(times)
	at := func(q float64) float64 { return float64(times[int(q*float64(len(times)-1))].Microseconds()) / 1000 }
	return json.NewEncoder(os.Stdout).Encode(result{
		Rate: float64(len(times)) / time.Since(began).Seconds(), P50: at(0.5), P99: at(0.99), Failed: bad,
	})
}

func send(client *fasthttp.Client, url, name string, end time.Time) (times []time.Duration, failed int) {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	req.SetRequestURI(url)
	req.Header.SetMethod(fasthttp.MethodPost)
	req.Header.SetContentType("text/plain;charset=UTF-8")
	req.Header.Set("Origin", origin)
	req.Header.SetUserAgent("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36")
	for n := 0; time.Now().Before(end); n++ {
		req.SetBodyString(beacon(name, n))
		sent := time.Now()
		err := client.Do(req, resp)
		if err != nil || resp.StatusCode() != fasthttp.StatusNoContent {
			failed++
			continue
		}
		times = append(times, time.Since(sent))
	}
	return times, failed
}

// beacon is a page view of one of 10,000 visitors, with consent and both
// identifiers, about 590 bytes.
func beacon(name string, n int) string {
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	visitor := "1.toybxa." + fmt.Sprintf("%016d", n%10_000)
	return `{"v":1,"t":` + now + `,"b":"23c060e1","i":"` + visitor + `","k":"toybxa6aof","p":"x7` + strconv.Itoa(n) + `",` +
		`"l":"` + origin + `/product/teapot?utm_source=ad&utm_campaign=autumn","r":"https://www.example.org/",` +
		`"m":{"_fbp":"fb.1.1603122906825.1012802381","_fbc":"fb.1.` + now + `.IwAR3xruhRZhD77zSpA669v9xdo3I0VHHoz2gXwvpE8uWPb8qN5Eq2TfgGr6s"},` +
		`"c":{"a":"accept","t":1795431646000,"n":"` + noticeHash + `","g":"en","s":"banner","x":true},` +
		`"e":[{"n":"page_view","i":"` + name + "." + strconv.Itoa(n) + `","t":` + now + `}]}`
}
