package graphsim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// stopWithin is how long a stop waits for answers under way.
const stopWithin = 5 * time.Second

// Serve answers on ln until ctx ends, then stops: hanging answers are cut,
// others are finished within five seconds. It closes ln and returns nil after
// such a stop, and otherwise why it could not go on.
func Serve(ctx context.Context, ln net.Listener, s *Sim) error {
	server := &http.Server{
		Handler:           s,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(ln) }()
	select {
	case err := <-failed:
		return fmt.Errorf("graphsim: no more answers on %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	// The context that asked for the stop is over; the stop has one of its own.
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		_ = server.Close()
		return fmt.Errorf("graphsim: answers still under way after %s were cut: %w", stopWithin, err)
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("graphsim: no more answers on %s: %w", ln.Addr(), err)
	}
	return nil
}
