package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"matchkey/collector/config"
)

// Posting the rows of a file to an edge: in batches, each until it is answered for,
// with a file of the rows that were not taken. Whatever is posted has an id of its
// own, so that a batch that was sent and never answered is simply sent again.

// Bounds of a batch; the edge takes a thousand rows and 1 MiB.
const (
	batchRows  = 500
	batchBytes = 900 << 10
	maxTries   = 6
	// maxPatience is how long a Retry-After may ask for.
	maxPatience = 10 * time.Minute
	// toldEvery is after how many batches the progress is told.
	toldEvery = 10
)

// A poster posts one batch, as NDJSON.
type poster func(ctx context.Context, body []byte) (*http.Response, error)

// postTo posts to an address with a site's write key.
func postTo(address, key string) poster {
	return func(ctx context.Context, body []byte) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Authorization", "Bearer "+key)
		r.Header.Set("Content-Type", "application/x-ndjson")
		return http.DefaultClient.Do(r)
	}
}

// edgeAddress is where a listener is reached from this machine.
func edgeAddress(listen string) string {
	host, port, _ := net.SplitHostPort(listen)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// writeKey is the key by which a site's back end posts.
func writeKey(s *config.Site) (string, error) {
	if len(s.WriteKeys) == 0 {
		return "", fmt.Errorf("site %q has no write key, so nothing can be posted; add one to its write_keys", s.Name)
	}
	return s.WriteKeys[0].Reveal(), nil
}

// errorsFile is where rows that are not taken are written: where it was asked for, or
// beside the input.
func errorsFile(asked, input string) string {
	return cmp.Or(asked, strings.TrimSuffix(input, "-")+".errors.ndjson")
}

// tally counts what became of rows.
type tally struct {
	Rows       int `json:"rows"`
	Accepted   int `json:"accepted"`
	Duplicates int `json:"duplicates"`
	Rejected   int `json:"rejected"`
	Doubtful   int `json:"doubtful,omitempty"`
	// Line is the last one that was answered for.
	Line int `json:"line"`
}

// A bulk is one import on its way.
type bulk struct {
	post poster
	// told hears of the progress; progress keeps it across runs. Either may be nil.
	told     io.Writer
	progress *progress
	wait     func(context.Context, time.Duration) error // nil: by the clock

	out  string   // of rows that are not taken
	file *os.File // of the same, once there is one

	tally
	batches int
}

// run posts all rows that open gives. It may open them a second time.
func (b *bulk) run(ctx context.Context, open func() (rowReader, io.Closer, error)) error {
	rows, done, err := open()
	if err != nil {
		return err
	}
	found, err := b.goOn(rows)
	if !found && err == nil && b.progress.isUsed() {
		// It was another file that was half done, or this one is another now.
		b.say("%s is not of this file as it is now; it begins anew", b.progress.path)
		err = done.Close()
		if err == nil {
			rows, done, err = open()
		}
		if err != nil {
			return err
		}
		b.progress.forget()
	}
	if err == nil {
		err = b.postAll(ctx, rows)
	}
	if err == nil && b.progress != nil {
		err = b.progress.end()
	}
	return errors.Join(err, done.Close(), b.close())
}

// goOn passes over what an earlier run was answered for; found is false when there is
// nothing of it that fits the file.
func (b *bulk) goOn(rows rowReader) (found bool, err error) {
	if b.progress == nil {
		return false, nil
	}
	if found, err = b.progress.find(rows); !found || err != nil {
		return found, err
	}
	b.tally = b.progress.was.Tally
	if size := b.progress.was.Errors; size > 0 {
		// What was written behind it belongs to a batch that is sent again.
		if b.file, err = os.OpenFile(b.out, os.O_WRONLY|os.O_APPEND, 0o600); err == nil {
			err = b.file.Truncate(size)
		}
		if err != nil {
			return true, fmt.Errorf("the rows that were not taken are no longer in %s: %w; remove %s and it begins anew", b.out, err, b.progress.path)
		}
	}
	b.say("goes on behind line %d", b.Line)
	return true, nil
}

func (b *bulk) say(format string, args ...any) {
	if b.told != nil {
		fmt.Fprintf(b.told, format+"\n", args...)
	}
}

func (b *bulk) postAll(ctx context.Context, rows rowReader) error {
	var batch []row
	size := 0
	for {
		r, err := rows.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err == nil && len(r.text) > batchBytes {
			r = row{line: r.line, why: &rowError{codeTooLarge, "the row is larger than a batch may be"}}
		}
		if len(batch) > 0 && (err != nil || len(batch) == batchRows || size+len(r.text) >= batchBytes) {
			if err := b.send(ctx, batch); err != nil {
				return err
			}
			batch, size = nil, 0
		}
		if err != nil {
			return nil
		}
		batch, size = append(batch, r), size+len(r.text)+1
	}
}

// batchAnswer is what the edge says of a batch.
type batchAnswer struct {
	Accepted   int        `json:"accepted"`
	Duplicates int        `json:"duplicates"`
	Rejected   []rowFault `json:"rejected"`
	Notes      []rowFault `json:"notes"`
	Code       string     `json:"code"`
	Message    string     `json:"message"`
}

type rowFault struct {
	Index   int    `json:"index"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// comeAgain are the statuses of an edge, or of a proxy before it, that is busy.
var comeAgain = []int{http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusGatewayTimeout}

// send posts a batch until it is answered for, and counts it.
func (b *bulk) send(ctx context.Context, batch []row) error {
	var body bytes.Buffer
	var posted []int // where a posted row stands in the batch
	for i, r := range batch {
		if r.why == nil {
			body.Write(r.text)
			body.WriteByte('\n')
			posted = append(posted, i)
		}
	}
	if len(posted) == 0 {
		return b.count(batch, nil, batchAnswer{})
	}
	for try := 1; ; try++ {
		answer, status, again, err := b.ask(ctx, body.Bytes())
		switch {
		case err == nil && (status == http.StatusAccepted || status == http.StatusOK):
			return b.count(batch, posted, answer)
		case err == nil && status == http.StatusBadRequest && answer.Code != "":
			// The edge says so of a batch in which there is not one row that it can read.
			for i := range posted {
				answer.Rejected = append(answer.Rejected, rowFault{i, answer.Code, answer.Message})
			}
			return b.count(batch, posted, answer)
		case status != 0 && !slices.Contains(comeAgain, status):
			return fmt.Errorf("the edge does not take the import (%d): %s", status, answer.Message)
		case again > maxPatience:
			return fmt.Errorf("the edge asks to come again in %s", again)
		case try == maxTries && status == 0:
			return fmt.Errorf("couldn't post to the edge: %w; is Matchkey running there?", err)
		case try == maxTries:
			return fmt.Errorf("the edge is busy (%d): %s", status, answer.Message)
		}
		b.say("the edge is not to be reached or busy; again in %s", again)
		if err := b.pause(ctx, again); err != nil {
			return err
		}
	}
}

func (b *bulk) pause(ctx context.Context, d time.Duration) error {
	if b.wait != nil {
		return b.wait(ctx, d)
	}
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask posts once; again is how long to wait before the next time. status is 0 when
// nobody answered.
func (b *bulk) ask(ctx context.Context, body []byte) (answer batchAnswer, status int, again time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	r, err := b.post(ctx, body)
	if err != nil {
		return answer, 0, time.Second, err
	}
	defer r.Body.Close()
	seconds, _ := strconv.Atoi(r.Header.Get("Retry-After"))
	again = max(time.Second, time.Duration(min(seconds, 24*60*60))*time.Second)
	err = json.NewDecoder(io.LimitReader(r.Body, 4<<20)).Decode(&answer)
	if err != nil && r.StatusCode < 300 {
		return answer, 0, again, err // an answer that was cut off says nothing
	}
	return answer, r.StatusCode, again, err
}

// count counts a batch that was answered for, writes down what was not taken, and
// remembers how far it came.
func (b *bulk) count(batch []row, posted []int, answer batchAnswer) error {
	why := make([]*rowError, len(batch))
	for i, r := range batch {
		why[i] = r.why
	}
	for _, f := range answer.Rejected {
		if f.Index < 0 || f.Index >= len(posted) {
			return fmt.Errorf("the edge rejects row %d of a batch of %d; is it of another version?", f.Index, len(posted))
		}
		why[posted[f.Index]] = &rowError{f.Code, f.Message}
	}
	for i, w := range why {
		if w != nil {
			if err := b.reject(batch[i].line, w); err != nil {
				return err
			}
		}
	}
	b.Rows += len(batch)
	b.Accepted += answer.Accepted
	b.Duplicates += answer.Duplicates
	b.Doubtful += len(answer.Notes)
	b.Line = batch[len(batch)-1].line
	if b.batches++; b.batches%toldEvery == 0 {
		b.say("%d rows: %d good, %d not taken", b.Rows, b.Accepted+b.Duplicates, b.Rejected)
	}
	if b.progress == nil {
		return nil
	}
	return b.progress.save(batch, b.tally, b.file)
}

// reject writes a row that is not taken to the errors' file. The row itself may hold
// personal data and is not in it.
func (b *bulk) reject(line int, why *rowError) (err error) {
	b.Rejected++
	if b.file == nil {
		if b.file, err = os.OpenFile(b.out, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err != nil {
			return err
		}
	}
	return json.NewEncoder(b.file).Encode(struct {
		Line    int    `json:"line"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}{line, why.code, why.message})
}

func (b *bulk) close() error {
	if b.file == nil {
		return nil
	}
	return b.file.Close()
}

// summary says what became of all rows; verb is what became of the good ones. The
// error is err, and that rows were not taken when some were.
func (b *bulk) summary(w io.Writer, verb string, err error) error {
	fmt.Fprintf(w, "%d rows: %d %s, %d came twice in the file, %d were not taken.\n", b.Rows, b.Accepted, verb, b.Duplicates, b.Rejected)
	if err != nil && b.Line > 0 {
		err = fmt.Errorf("%w; it ended behind line %d. Run it again: what was taken is passed over", err, b.Line)
	}
	if b.Rejected > 0 {
		err = errors.Join(err, fmt.Errorf("%d rows were not taken; %s says which and why", b.Rejected, b.out))
	}
	return err
}
