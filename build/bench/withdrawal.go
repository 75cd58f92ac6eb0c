package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"matchkey/collector"
	"matchkey/collector/engine"
	"matchkey/collector/meta"
	"matchkey/edge"
)

// withdrawalLatency is what the fake Graph API takes for an answer: long enough
// that most of the queue is still there when the person withdraws.
const withdrawalLatency = 500 * time.Millisecond

// benchOrigin is the page that the withdrawal is posted from.
const benchOrigin = "https://shop.example"

// A silence is one round: a whole queue of one person's, who withdraws while it is
// being sent. Times are from the POST.
type silence struct {
	acknowledged time.Duration // until the edge answered
	silent       time.Duration // until the last event arrived at the fake Graph API
	settled      time.Duration // until every delivery is delivered or withheld
	sent         int           // events that had left, those under way included
	late         int           // events of them that arrived after the answer
	drain        time.Duration // the baseline: the same queue, and nobody withdraws
}

func (s silence) ratio() float64 { return s.silent.Seconds() / s.drain.Seconds() }

// measureWithdrawal measures how soon nothing leaves any more when a person
// withdraws whose deliveries are all that is queued.
func measureWithdrawal(s *settings, dir string) (string, error) {
	g, err := startGraph()
	if err != nil {
		return "", err
	}
	defer g.stop()
	queue := filepath.Join(dir, "queue")
	if err := fillOnePersonsQueue(s, queue, g.url); err != nil {
		return "", err
	}
	var rounds []silence
	for round := range s.rounds {
		r, err := withdrawOnce(s, g, queue, filepath.Join(dir, fmt.Sprint("data-", round)))
		if err != nil {
			return "", err
		}
		rounds = append(rounds, r)
		fmt.Fprintf(os.Stderr, "round %d  answered %s  silent %s  settled %s  sent %d (%d after the answer)  drain %s\n",
			round+1, r.acknowledged.Round(time.Millisecond), r.silent.Round(time.Millisecond), r.settled.Round(time.Millisecond), r.sent, r.late, r.drain.Round(time.Millisecond))
	}
	m := middle(rounds, silence.ratio)
	return fmt.Sprintf(`%d deliveries of one person are queued in a real store on disk and all due at once.
While they are being sent, the person's withdrawal is posted to a real edge. The
fake Graph API answers after %d ms, up to %d events a request. Silence is when the
last event arrived there; requests that were under way cannot be called back.
**of drain** compares with how long the same queue takes when nobody withdraws. %d
rounds; the median round counts.

| answered after | silent after | all settled after | sent before | sent later than the answer | drain | silent, of drain |
|--:|--:|--:|--:|--:|--:|--:|
| %d ms | %d ms | %d ms | %d | %d | %d ms | %.2f |
`, s.deliveries, withdrawalLatency.Milliseconds(), meta.MaxBatch, s.rounds,
		m.acknowledged.Milliseconds(), m.silent.Milliseconds(), m.settled.Milliseconds(), m.sent-m.late, m.late, m.drain.Milliseconds(), m.ratio()), nil
}

// onePerson makes all orders those of the first person.
func onePerson(people []person) []person {
	for i := range people {
		first, order := people[0], people[i]
		first.Order, first.At, first.Value, first.Items = order.Order, order.At, order.Value, order.Items
		people[i] = first
	}
	return people
}

// fillOnePersonsQueue is fillQueue with one person.
func fillOnePersonsQueue(s *settings, dir, graphURL string) error {
	e, err := open(dir, graphURL, outage)
	if err != nil {
		return err
	}
	people := onePerson(newCrowd(s.seed, s.deliveries, time.Now()).People)
	given := answer(time.Now().Add(-3 * time.Hour)) // one standing answer, as a tag repeats it
	for start := 0; start < len(people); start += 1000 {
		var events []collector.Event
		for i := start; i < min(start+1000, len(people)); i++ {
			ev := visit(&people[i])
			ev.Consent = &given
			events = append(events, ev)
		}
		if _, err := e.Journal().Append(context.Background(), events); err != nil {
			return errors.Join(err, shut(e))
		}
	}
	err = await(e, collector.StatePending, s.deliveries)
	return errors.Join(err, shut(e))
}

// withdrawOnce drains a copy of the queue undisturbed, and then another in which the
// person withdraws.
func withdrawOnce(s *settings, g *graph, queue, data string) (r silence, err error) {
	for _, copied := range []string{data, data + "-drain"} {
		if err := os.CopyFS(copied, os.DirFS(queue)); err != nil {
			return r, err
		}
	}
	began := time.Now()
	if _, err := drainQueue(data+"-drain", g, withdrawalLatency, s.deliveries); err != nil {
		return r, err
	}
	r.drain = time.Since(began)
	if err := g.reset(withdrawalLatency); err != nil {
		return r, err
	}
	e, err := open(data, g.url, 0)
	if err != nil {
		return r, err
	}
	err = r.withdraw(s, g, e)
	return r, errors.Join(err, shut(e))
}

// withdraw posts the withdrawal as soon as something was sent, and watches.
func (r *silence) withdraw(s *settings, g *graph, e *engine.Engine) error {
	address, stop, err := benchEdge(e)
	if err != nil {
		return err
	}
	defer stop()
	for {
		c, err := g.counts()
		if err != nil {
			return err
		}
		if c.Events > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	people := newCrowd(s.seed, 1, time.Now()).People
	body := fmt.Sprintf(`{"v":1,"t":%d,"i":"1.toybxa.%s","u":{"id":%[2]q},"c":{"a":"withdraw","t":%[1]d,"s":"preferences_page","x":true}}`, time.Now().UnixMilli(), people[0].Customer)
	request, err := http.NewRequest(http.MethodPost, address+"/mk/"+site, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Origin", benchOrigin)
	posted := time.Now()
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		return fmt.Errorf("the withdrawal was answered %s", answer.Status)
	}
	r.acknowledged = time.Since(posted)
	return r.watch(s, g, e, posted)
}

// watch waits until everything is settled, and notes when the last event arrived.
func (r *silence) watch(s *settings, g *graph, e *engine.Engine, posted time.Time) error {
	atAnswer := -1
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		c, err := g.counts()
		if err != nil {
			return err
		}
		if atAnswer < 0 {
			atAnswer = c.Events
		}
		if c.Events > r.sent {
			r.sent, r.silent = c.Events, time.Since(posted)
		}
		r.late = r.sent - atAnswer
		states, err := statesOf(e)
		if err != nil {
			return err
		}
		if states[collector.StateDelivered]+states[collector.StateWithheld] == s.deliveries {
			r.settled = time.Since(posted)
			return nil
		}
	}
	return errors.New("in vain waited until everything was delivered or withheld")
}

// statesOf counts the deliveries by state.
func statesOf(e *engine.Engine) (map[collector.State]int, error) {
	accounts, err := e.Reader().Accounts(context.Background(), time.Now().Add(-48*time.Hour), time.Now().Add(time.Hour))
	states := map[collector.State]int{}
	for _, a := range accounts {
		for s, n := range a.States {
			states[s] += n
		}
	}
	return states, err
}

// benchEdge is a real edge in front of an engine.
func benchEdge(e *engine.Engine) (address string, stop func(), err error) {
	server, err := edge.New(edge.Options{
		Journal: e.Journal(), Log: slog.New(slog.DiscardHandler),
		Sites: []edge.Site{{
			Name: site, Origins: []string{benchOrigin}, Identifiers: meta.BrowserIdentifiers(), Hash: meta.Hasher(),
			MayKeep: decider().MayKeep(register),
		}},
	})
	if err != nil {
		return "", nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	go func() { _ = server.Serve(ln) }()
	return "http://" + ln.Addr().String(), func() { _ = server.Shutdown(context.Background()) }, nil
}
