// Package collectortest holds one exported conformance suite per interface of
// package collector: [Journal], [Store] and [Destination]. Every
// implementation runs its suite, the in-memory ones included, so that a test
// of something else can stand on those and mean what it says.
//
// [MemoryDestination] is such an in-memory implementation: a destination that
// does as its script tells it and shows what it received.
package collectortest
