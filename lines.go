package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
)

// maxLine bounds one line of the line commands.
const maxLine = 1 << 20

// eachLine answers one line of stdin with one line of stdout, as they come, so
// that a test may hold a conversation.
func eachLine(p *program, answer func([]byte) []byte) error {
	in := bufio.NewScanner(p.stdin)
	in.Buffer(make([]byte, 0, 64<<10), maxLine)
	for in.Scan() {
		if len(bytes.TrimSpace(in.Bytes())) == 0 {
			continue
		}
		if _, err := fmt.Fprintf(p.stdout, "%s\n", bytes.TrimSpace(answer(in.Bytes()))); err != nil {
			return err
		}
	}
	if errors.Is(in.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("a line is longer than %d bytes; the lines before it are answered", maxLine)
	}
	return in.Err()
}
