//go:build !linux

package main

import "errors"

// forgetPages has a way on Linux only.
func forgetPages(string) error {
	return errors.New("the look-ups of the profiles bench begin cold, for which it has a way on Linux only")
}
