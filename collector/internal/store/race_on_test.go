//go:build race

package store_test

// raceEnabled: the race detector makes everything some ten times slower.
const raceEnabled = true
