package main

// A side is one way from the people to encoded batches, in a process of its
// own with one thread for its work: the two here and the SDK's script
// (sdk.cjs) speak the same protocol. Once started it makes all batches and
// writes them to a file, one a line, which also warms it up, and says "ready";
// then it answers every line on stdin with one lap over all people.

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// batchEvents is how many events one request holds.
const batchEvents = 100

// A lap is once over all people. Its times are the process's processor time,
// so that what else the machine does counts for nobody; a runtime's helper
// threads (compiler, garbage collector) count for their side.
type lap struct {
	Events  int     `json:"events"`
	Seconds float64 `json:"seconds"`
	// Edge is the part of Seconds that belongs to the edge, of Matchkey's only.
	Edge float64 `json:"edge"`
}

func (l lap) rate() float64 { return float64(l.Events) / l.Seconds }

// A worker does the work of a side: a lap calls post with every batch's body,
// which is valid until post returns, and returns the part for the edge.
type worker interface {
	lap(post func(body []byte)) (edge time.Duration)
}

// runSide is the process of a side in Go.
func runSide(newWorker func(crowd) (worker, error), peopleFile, bodiesFile string) error {
	people, err := readCrowd(peopleFile)
	if err != nil {
		return err
	}
	w, err := newWorker(people)
	if err != nil {
		return err
	}
	if err := writeBodies(w, bodiesFile); err != nil {
		return err
	}
	w.lap(func([]byte) {})
	fmt.Println(`"ready"`)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		size := 0
		began := processorTime()
		edge := w.lap(func(body []byte) { size += len(body) })
		l := lap{Events: len(people.People), Seconds: (processorTime() - began).Seconds(), Edge: edge.Seconds()}
		if err := json.NewEncoder(os.Stdout).Encode(l); err != nil {
			return err
		}
	}
	return nil
}

func writeBodies(w worker, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(f)
	w.lap(func(body []byte) { _, _ = out.Write(append(body[:len(body):len(body)], '\n')) })
	if err := out.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// processorTime is what this process has used of processors.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic("BUG: " + err.Error())
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// A runningSide is a side as the bench sees it.
type runningSide struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *json.Decoder
}

// startSide starts a process and waits until it is warm.
func startSide(name string, cmd *exec.Cmd) (*runningSide, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &runningSide{name, cmd, in, json.NewDecoder(out)}
	var ready string
	if err := s.out.Decode(&ready); err != nil {
		s.stop()
		return nil, fmt.Errorf("%s did not get ready: %w", name, err)
	}
	return s, nil
}

// run lets the side do a lap.
func (s *runningSide) run() (l lap, err error) {
	if _, err := io.WriteString(s.in, "lap\n"); err != nil {
		return l, err
	}
	if err := s.out.Decode(&l); err != nil {
		return l, fmt.Errorf("%s: %w", s.name, err)
	}
	return l, nil
}

func (s *runningSide) stop() {
	_ = s.in.Close()
	_ = s.cmd.Wait()
}
