package main

import (
	"fmt"
	"os"
	"syscall"

	"matchkey/collector/config"
	"matchkey/collector/meta"
)

// noCore has the kernel write no core file of this process: its memory holds
// access tokens.
func noCore() error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("couldn't forbid core files, which would hold access tokens: %w", err)
	}
	return nil
}

// takeTokens reads the configuration again and takes over its access tokens. A
// file with faults, or a token that cannot be one, changes nothing.
func (n *node) takeTokens(p *program, path string, running *compiled) {
	c, faults := config.Load(path, p.env, os.ReadFile)
	if err := faults.Err(); err != nil {
		n.log.Error("asked to read the access tokens again; the configuration cannot be used, and everything stays as it was", "error", err)
		return
	}
	for _, d := range running.destinations {
		token, found := tokenOf(c, d.Name())
		if !found {
			n.log.Warn("the configuration no longer has a destination that runs; it keeps its access token until a restart", "destination", d.Name())
			continue
		}
		if err := d.SetToken(token); err != nil {
			n.log.Error("an access token was not taken over; the old one stays", "error", err)
			continue
		}
		n.log.Info("took over an access token; the destination is asked whether it takes it", "destination", d.Name())
	}
	n.recheck()
}

func tokenOf(c *config.Config, destination string) (meta.Token, bool) {
	for _, d := range c.Destinations {
		if d.Name == destination && d.Meta != nil {
			return meta.Token(d.Meta.Token.Reveal()), true
		}
	}
	return "", false
}
