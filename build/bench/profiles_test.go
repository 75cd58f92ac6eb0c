package main

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"matchkey/collector"
)

func TestPopulace(t *testing.T) {
	p := populace{1, time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC), visitors(50)}
	events := slices.Concat(p.loading(0, 7), p.loading(7, 50))
	if diff := cmp.Diff(p.loading(0, 50), events); diff != "" {
		t.Errorf("in two parts they are others:\n%s", diff)
	}
	names := map[string]bool{}
	for i, ev := range events {
		if ev.Name == collector.EventIdentify {
			if ev.Visitor != events[i-1].Visitor || ev.Customer != customerOf(len(names)) {
				t.Errorf("the sign-in of %s is of %s; want %s in the browser before", ev.Customer, ev.Visitor, customerOf(len(names)))
			}
			names[ev.Customer] = true
		}
	}
	if len(names) != customers(50) || len(events) != visitors(50)+customers(50) {
		t.Errorf("%d events, %d customers", len(events), len(names))
	}
	known := newVisits(p).next(0, 3000)
	if known[0].Visitor != known[200].Visitor || known[0].Session != known[200].Session || known[0].ID == known[200].ID {
		t.Error("the second view of a visit is not of the same visit")
	}
}

func TestSizes(t *testing.T) {
	for most, want := range map[int][]int{
		5_000: {5_000}, 10_000: {10_000}, 1_000_000: {10_000, 100_000, 1_000_000}, 5_000_000: {10_000, 100_000, 1_000_000, 5_000_000},
	} {
		if got := sizes(most); !slices.Equal(got, want) {
			t.Errorf("up to %d: %v, want %v", most, got, want)
		}
	}
}
