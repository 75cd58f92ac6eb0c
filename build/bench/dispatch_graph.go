package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"matchkey/collector/meta/graphsim"
)

// graphCounts are what the fake Graph API saw since its last reset.
type graphCounts struct {
	Requests int `json:"requests"`
	Events   int `json:"events"`
	Peak     int `json:"peak"` // requests at a time
}

func (c graphCounts) perRequest() float64 { return float64(c.Events) / float64(max(c.Requests, 1)) }

// A slowGraph is graphsim behind a delay. It keeps what it was sent, for the
// loop that sends the same again.
type slowGraph struct {
	sim *graphsim.Sim

	mu      sync.Mutex // guards everything below
	latency time.Duration
	bodies  []sentBody
	counts  graphCounts
	now     int // requests under way
}

// A sentBody is one request.
type sentBody struct {
	Path string `json:"path"`
	Body string `json:"body"`
}

// serveGraph is the process of the fake Graph API; it prints its address.
func serveGraph() error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + ln.Addr().String())
	s := &slowGraph{sim: graphsim.New(graphsim.Options{})}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /_bench/reset", s.reset)
	mux.HandleFunc("GET /_bench/counts", s.tell)
	mux.HandleFunc("GET /_bench/bodies", s.bodiesSent)
	mux.HandleFunc("/", s.answer)
	return http.Serve(ln, mux)
}

func (s *slowGraph) answer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	events := bytes.Count(body, []byte(`"event_name":`))
	if events == 0 { // the engine asks how its destination stands
		s.sim.ServeHTTP(w, r)
		return
	}
	time.Sleep(s.enter(r.URL.Path, body, events))
	s.sim.ServeHTTP(w, r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now--
}

func (s *slowGraph) enter(path string, body []byte, events int) (latency time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now++
	s.counts.Requests++
	s.counts.Events += events
	s.counts.Peak = max(s.counts.Peak, s.now)
	s.bodies = append(s.bodies, sentBody{path, string(body)})
	return s.latency
}

func (s *slowGraph) reset(w http.ResponseWriter, r *http.Request) {
	latency, err := time.ParseDuration(r.FormValue("latency"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.sim.Reset()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency, s.bodies, s.counts = latency, nil, graphCounts{}
}

func (s *slowGraph) tell(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = json.NewEncoder(w).Encode(s.counts)
}

func (s *slowGraph) bodiesSent(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = json.NewEncoder(w).Encode(s.bodies)
}

// A graph is the fake Graph API's process as the bench sees it.
type graph struct {
	url string
	cmd *exec.Cmd
}

func startGraph() (*graph, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	g := &graph{cmd: exec.Command(self, "-role", "graph")}
	g.cmd.Stderr = os.Stderr
	out, err := g.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := g.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		g.stop()
		return nil, fmt.Errorf("the fake Graph API did not say where it listens: %w", err)
	}
	g.url = strings.TrimSpace(line)
	return g, nil
}

func (g *graph) stop() {
	_ = g.cmd.Process.Kill()
	_ = g.cmd.Wait()
}

// reset makes it forget, and take so long for an answer from now on.
func (g *graph) reset(latency time.Duration) error {
	resp, err := http.PostForm(g.url+"/_bench/reset", url.Values{"latency": {latency.String()}})
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

func (g *graph) counts() (c graphCounts, err error) {
	err = g.get("counts", &c)
	return c, err
}

func (g *graph) bodies() (list []sentBody, err error) {
	err = g.get("bodies", &list)
	return list, err
}

func (g *graph) get(what string, into any) error {
	resp, err := http.Get(g.url + "/_bench/" + what)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(into)
}
