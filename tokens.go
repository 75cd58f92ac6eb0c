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

// takeTokens reads the configuration again and takes over its access tokens and
// nothing else. What is wrong elsewhere in the file does not keep them out; a
// token that cannot be read, or cannot be one, changes nothing.
func (n *node) takeTokens(p *program, path string, running *compiled) {
	c, faults := config.Load(path, p.env, os.ReadFile)
	if err := faults.Err(); err != nil {
		n.log.Error("asked to read the access tokens again; the configuration has faults, of which only those of tokens matter now", "error", err)
	}
	for _, d := range running.destinations {
		m := metaOf(c, d.Name())
		if m == nil || m.Token.Reveal() == "" {
			n.log.Error("no access token could be read for a destination; it keeps the one it has", "destination", d.Name())
			continue
		}
		changed, err := d.SetToken(meta.Token(m.Token.Reveal()), meta.Token(m.AppSecret.Reveal()))
		switch {
		case err != nil:
			n.log.Error("an access token was not taken over; the old one stays", "error", err)
		case changed:
			n.log.Info("took over an access token; the destination is asked whether it takes it", "destination", d.Name())
		default:
			n.log.Info("the access token is the one in use; the destination is asked whether it takes it", "destination", d.Name())
		}
	}
	n.recheck()
}

func metaOf(c *config.Config, destination string) *config.Meta {
	if c == nil {
		return nil
	}
	for _, d := range c.Destinations {
		if d.Name == destination {
			return d.Meta
		}
	}
	return nil
}
