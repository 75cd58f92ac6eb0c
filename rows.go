package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Reading a file row by row, for the commands that post its rows to an edge: NDJSON,
// one object a line, or CSV with a header. What a row becomes is for its form to say.
// Nothing is read that is not about to be posted, so a file may be of any size.

// A row is what one line of a file becomes, as JSON, or why it becomes nothing.
type row struct {
	line int
	text []byte // without a line end
	why  *rowError
}

// A rowError says why a row is not taken: a code for programs and a sentence. It
// never repeats what stands in the row.
type rowError struct{ code, message string }

func (e *rowError) Error() string { return e.message }

// Codes of rows that are not posted at all; those that the edge rejects have its own.
const (
	codeUnreadable = "line_unreadable" // no JSON object, no CSV, or longer than is taken
	codeTooLarge   = "row_too_large"   // larger than a batch
)

// A rowForm makes of a file's rows what is posted. Its errors are *rowError, but for
// those of head.
type rowForm interface {
	// head takes the names of a table's columns. An error refuses the file.
	head(names []string) error
	// cells makes a row of a table's cells, which are as many as the columns at most.
	cells(texts []string) ([]byte, error)
	// object makes a row of a line's JSON.
	object(text []byte) ([]byte, error)
}

// rowReader reads rows; io.EOF ends them.
type rowReader interface{ next() (row, error) }

// openRows opens a file by its name's end: .csv is a table, everything else NDJSON,
// and so is "-", the standard input.
func openRows(p *program, path string, form rowForm) (rowReader, io.Closer, error) {
	if path == "-" {
		return newLineRows(p.stdin, form), io.NopCloser(nil), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	if !strings.EqualFold(filepath.Ext(path), ".csv") {
		return newLineRows(f, form), f, nil
	}
	rows, err := newTableRows(f, form)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return rows, f, nil
}

// made is the row that a form made.
func made(line int, text []byte, err error) row {
	if why, ok := errors.AsType[*rowError](err); ok {
		return row{line: line, why: why}
	}
	if err != nil {
		return row{line: line, why: &rowError{codeUnreadable, err.Error()}}
	}
	return row{line: line, text: text}
}

// lineRows are the lines of an NDJSON file.
type lineRows struct {
	in   *bufio.Reader
	form rowForm
	line int
	end  bool
}

func newLineRows(r io.Reader, form rowForm) *lineRows {
	return &lineRows{in: bufio.NewReaderSize(r, 64<<10), form: form}
}

func (l *lineRows) next() (row, error) {
	for !l.end {
		text, tooLong, err := readLine(l.in)
		if err != nil && !errors.Is(err, io.EOF) {
			return row{}, err
		}
		l.line++
		l.end = err != nil
		switch text = bytes.TrimSpace(text); {
		case tooLong:
			return row{line: l.line, why: &rowError{codeUnreadable, "the line is longer than 1 MiB"}}, nil
		case len(text) > 0:
			text, err := l.form.object(text)
			return made(l.line, text, err), nil
		}
	}
	return row{}, io.EOF
}

// tableRows are the rows of a CSV file.
type tableRows struct {
	in      *csv.Reader
	form    rowForm
	columns int
}

func newTableRows(r io.Reader, form rowForm) (*tableRows, error) {
	t := &tableRows{in: csv.NewReader(bufio.NewReader(r)), form: form}
	t.in.FieldsPerRecord = -1
	header, err := t.in.Read()
	if err != nil {
		return nil, fmt.Errorf("the file has no header: %w", err)
	}
	for i, name := range header {
		header[i] = strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))
	}
	t.in.ReuseRecord, t.columns = true, len(header)
	return t, form.head(header)
}

func (t *tableRows) next() (row, error) {
	record, err := t.in.Read()
	if errors.Is(err, io.EOF) {
		return row{}, err
	}
	if bad, ok := errors.AsType[*csv.ParseError](err); ok {
		return row{line: bad.StartLine, why: &rowError{codeUnreadable, "the line is not CSV"}}, nil
	}
	if err != nil {
		return row{}, err
	}
	line, _ := t.in.FieldPos(0)
	if len(record) > t.columns {
		return row{line: line, why: &rowError{codeUnreadable, "the line has more fields than the header"}}, nil
	}
	for i, text := range record {
		record[i] = strings.TrimSpace(text)
	}
	text, err := t.form.cells(record)
	return made(line, text, err), nil
}
