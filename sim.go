package main

// The command that serves the fake Graph API alone. See docs/simulator.md.

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"matchkey/collector/meta/graphsim"
)

type simCommand struct {
	Listen     string `default:"127.0.0.1:8090" help:"Address to listen on."`
	Dataset    string `help:"The only dataset that exists; any when left out."`
	Token      string `env:"MATCHKEY_SIM_TOKEN" help:"The only access token that is good; any when left out. Rather give it by environment."`
	AppSecret  string `env:"MATCHKEY_SIM_APP_SECRET" help:"Secret of the app: every call then needs its appsecret_proof. Rather give it by environment."`
	Faults     string `placeholder:"FILE" help:"Faults to play, one JSON a line: for the next requests, or for certain events."`
	ListFaults bool   `help:"Print what can be scripted, with the section of Meta's errors it comes from, and stop."`

	TokenExpires      time.Time     `placeholder:"TIME" help:"When the token expires, like 2026-12-31T23:59:59Z. Calls after it are answered 401, code 190, subcode 463."`
	MissingPermission int           `enum:"0,10,200" default:"0" placeholder:"CODE" help:"Refuse every event with this code, 10 or 200, as for a token without ads_management."`
	Latency           time.Duration `help:"Delay every answer, like 50ms."`
}

func (s simCommand) Run(p *program) error {
	if s.ListFaults {
		return graphsim.WriteFaults(p.stdout)
	}
	if s.Latency < 0 {
		return fmt.Errorf("--latency has to be a duration that is not negative, like 50ms, not %s", s.Latency)
	}
	sim := graphsim.New(graphsim.Options{
		Dataset: s.Dataset, Token: s.Token, AppSecret: s.AppSecret,
		TokenExpiresAt: s.TokenExpires, MissingPermission: s.MissingPermission, Latency: s.Latency,
	})
	if s.Faults != "" {
		if err := playFaults(sim, s.Faults); err != nil {
			return err
		}
	}
	ln, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "fake Graph API on http://%s; what it received is on http://%[1]s/_sim/\n", ln.Addr())
	return graphsim.Serve(p.ctx, ln, sim)
}

func playFaults(sim *graphsim.Sim, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	faults, err := graphsim.ReadScript(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return sim.Script(faults...)
}
