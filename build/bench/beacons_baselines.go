package main

import (
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// serveOn prints the address that it listens on, for the parent, and serves.
func serveOn(handler fasthttp.RequestHandler) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + ln.Addr().String())
	server := &fasthttp.Server{Handler: handler, NoDefaultServerHeader: true}
	return server.Serve(ln)
}

// serveBare answers 204 to everything.
func serveBare() error {
	return serveOn(func(ctx *fasthttp.RequestCtx) {
		_ = ctx.PostBody()
		ctx.SetStatusCode(fasthttp.StatusNoContent)
	})
}

// A group is what one sync makes durable.
type group struct {
	bytes []byte
	done  chan struct{}
	err   error
}

// An appender is the plainest group commit: one file, one syncer.
type appender struct {
	mu   sync.Mutex
	next *group
	wake chan struct{}
	file *os.File
}

// serveFsync answers 204 when the body is on the disk.
func serveFsync() error {
	f, err := os.CreateTemp("", "matchkey-bench-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	a := &appender{next: &group{done: make(chan struct{})}, wake: make(chan struct{}, 1), file: f}
	go a.sync()
	return serveOn(func(ctx *fasthttp.RequestCtx) {
		if err := a.append(ctx.PostBody()); err != nil {
			ctx.SetStatusCode(fasthttp.StatusServiceUnavailable)
			return
		}
		ctx.SetStatusCode(fasthttp.StatusNoContent)
	})
}

func (a *appender) append(body []byte) error {
	a.mu.Lock()
	g := a.next
	g.bytes = append(g.bytes, body...)
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
	<-g.done
	return g.err
}

func (a *appender) sync() {
	for range a.wake {
		a.mu.Lock()
		g := a.next
		a.next = &group{done: make(chan struct{})}
		a.mu.Unlock()
		if _, g.err = a.file.Write(g.bytes); g.err == nil {
			g.err = syscall.Fdatasync(int(a.file.Fd()))
		}
		close(g.done)
	}
}

// syncAlone appends a beacon to a file and syncs it, over and over, with nothing
// beside it, and prints a result as JSON.
func syncAlone(length time.Duration) error {
	f, err := os.CreateTemp("", "matchkey-bench-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	var times []time.Duration
	for began := time.Now(); time.Since(began) < length; {
		body := []byte(beacon("disk", 0, len(times)))
		at := time.Now()
		if _, err := f.Write(body); err != nil {
			return err
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			return err
		}
		times = append(times, time.Since(at))
	}
	return newResult(times, length).print()
}
