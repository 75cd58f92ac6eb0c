package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// postBare posts what the engine sent just now, as many requests at a time as
// it had, and waits for the answers.
func postBare(g *graph, latency time.Duration, sent graphCounts) (d drain, err error) {
	bodies, err := g.bodies()
	if err != nil {
		return d, err
	}
	if err := g.reset(latency); err != nil {
		return d, err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: sent.Peak}}
	defer client.CloseIdleConnections()
	next := make(chan sentBody, len(bodies))
	for _, b := range bodies {
		next <- b
	}
	close(next)
	faults := make([]error, sent.Peak)
	began := time.Now()
	var wg sync.WaitGroup
	for i := range sent.Peak {
		wg.Go(func() {
			for b := range next {
				faults[i] = errors.Join(faults[i], postOne(client, g.url+b.Path, b.Body))
			}
		})
	}
	wg.Wait()
	d.rate = float64(sent.Events) / time.Since(began).Seconds()
	d.counts = sent
	return d, errors.Join(faults...)
}

func postOne(client *http.Client, url, body string) error {
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer nobody-will-ever-see-this-token")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the bare loop was answered %d: %s", resp.StatusCode, text)
	}
	return err
}
