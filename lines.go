package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds one line of the line commands.
const maxLine = 1 << 20

// eachLine answers one line of stdin with one line of stdout, as they come, so
// that a test may hold a conversation. A blank line is passed over; one that is
// too long is answered as such, and the lines behind it as if it were not there.
func eachLine(p *program, answer func([]byte) []byte) error {
	in := bufio.NewReaderSize(p.stdin, 64<<10)
	for {
		line, tooLong, err := readLine(in)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		last := err != nil
		if line = bytes.TrimSpace(line); len(line) > 0 {
			text := fmt.Appendf(nil, `{"error":"the line is longer than %d bytes"}`, maxLine)
			if !tooLong {
				text = bytes.TrimSpace(answer(line))
			}
			if _, err := fmt.Fprintf(p.stdout, "%s\n", text); err != nil {
				return err
			}
		}
		if last {
			return nil
		}
	}
}

// readLine reads one line, of which it keeps no more than maxLine bytes. err is
// io.EOF at the last one.
func readLine(in *bufio.Reader) (line []byte, tooLong bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if tooLong = tooLong || len(line)+len(part) > maxLine+1; !tooLong {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, tooLong, err
		}
	}
}
