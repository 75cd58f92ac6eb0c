package console

import (
	"strings"
	"testing"
)

func TestOverviewShowsHowDestinationsStand(t *testing.T) {
	body := get(t, troubled().console(t), "/").Body.String()
	wantText(t, body,
		"2 alarms for a person to act on 9 days main-shop : The access token is about to end",
		"9 days The access token is about to end; without a new one nothing is sent any more. token_ends The access token ends on 2026-12-03.",
		"Ends 2026-12-03 09:30:00", "now The destination answered with another version",
		"rate limit used 82% free again in 5 min, it estimates", "calls 82 %, time 12 %", "requests out 3",
		"last check 2 h ago 2026-11-24 07:30:00 It would take events.", "version ends 200 days 2027-06-12 09:30:00 Version 26 ends",
		"agency paused 3 h paused by the destination since 2026-11-24 06:30:00 : The destination does not accept the access token",
		"Session has expired", "It is tried again by itself", "Resume : agency", "It takes nothing until a person acts.",
		"by-hand paused 26 h paused by a person since 2026-11-23 07:30:00", "ticket 4711", "Resume : by-hand", "last check not yet",
		"far-away failing 58 failures in a row, so it is left alone since 2026-11-24 08:43:00 : The destination could not be reached",
		"One delivery is tried by itself: 2026-11-24 09:30:31 in 31 s", "Try now : far-away", "It could not be asked.",
		"busy at its limit 4 min until it takes more", "2026-11-24 09:34:00", "rate limit used 100%",
		"1 delivery is in doubt. Say what became of it",
		"Pause main-shop…", "Pause far-away…", "nothing personal",
	)
	if n := strings.Count(body, "about to end; without"); n != 2 {
		t.Errorf("the deadline that is an alarm stands %d times on the page, want 2: above, and on its card", n)
	}
	refuteText(t, text(t, body), "Pause agency…", "Pause by-hand…")
	refuteText(t, text(t, get(t, shop().console(t), "/").Body.String()), "alarm", "rate limit used", "failures in a row")
}

func TestTryNow(t *testing.T) {
	f := troubled()
	f.destinations = f.destinations[3:4]
	h := f.console(t)
	post(t, h, "/resume", formValues(t, get(t, h, "/").Body.String(), "/resume"))
	if got := f.destinations[0].Breaker.NextTry; !got.Equal(now) {
		t.Errorf("the next try is at %s, want now", got)
	}
}

func TestAPausedDestinationThatFailsHasOneButton(t *testing.T) {
	f := troubled()
	both := f.destinations[1]
	both.Breaker = f.destinations[3].Breaker
	f.destinations = f.destinations[:0:0]
	f.destinations = append(f.destinations, both)
	body := get(t, f.console(t), "/").Body.String()
	wantText(t, body, "paused by the destination", "58 failures in a row")
	if n := strings.Count(body, `action="/resume"`); n != 1 {
		t.Errorf("%d forms resume one destination, want 1", n)
	}
}

func TestEventPageShowsAttemptsAndWhatComes(t *testing.T) {
	h := troubled().console(t)
	wantText(t, get(t, h, "/event?id=A-1001").Body.String(),
		"1 not taken, may be later status 503, code 2, trace Zz9, asked to wait 30 s",
		"Began 2026-11-24 08:54:00 36 min ago , ended 2026-11-24 08:54:00 took 80 ms",
		"41% of the rate limit used: calls 41 %, time 7 %, cpu 2 %", "2 accepted status 200",
	)
	body := get(t, h, "/event?id=purchase.A-0901").Body.String()
	wantText(t, body, "Next attempt none by itself; a person has to say", "Window ends 2026-11-26 08:16:02 in 46 h",
		"From then on: 48 hours after the first attempt another copy would be counted again. twin_window_passed")
	if want := `href="/resolve?destination=main-shop&amp;event=purchase.A-0901&amp;site=shop"`; !strings.Contains(body, want) {
		t.Errorf("the page of a delivery in doubt lacks %s", want)
	}
	wantText(t, get(t, h, "/event?id=purchase.A-0906").Body.String(),
		"Nothing is sent to far-away now. 58 failures in a row", "One delivery is tried by itself", "Next attempt not before 2026-11-24 09:33:00")
	wantText(t, get(t, h, "/event?id=purchase.A-0907").Body.String(),
		"1 no answer: in doubt Began 2026-11-24 08:30:00 60 min ago , ended 2026-11-24 09:29:00", "Next attempt not before 2026-11-24 09:31:00")
	wantText(t, get(t, h, "/event?id=purchase.A-0908").Body.String(), "1 under way Began 2026-11-24 09:29:59 now ; no answer is written down yet")
	wantText(t, get(t, h, "/event?id=purchase.A-0902").Body.String(), "Decided again 2026-11-24 09:33:00")
}
