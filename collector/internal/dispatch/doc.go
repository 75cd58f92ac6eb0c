// Package dispatch sends what is due: join → decide → compose → send → settle.
//
// It is separate because it is the only place from which anything leaves, so
// it is where consent is asked for the last time. It never reads a status
// code and knows no vendor: a destination rules, the dispatcher acts.
//
// # One round
//
//  1. ask the gate for leave to send: how many deliveries may go in one request
//  2. lease what has to be decided and, with leave, what is due to be sent, once
//     a batch is full or its oldest has waited long enough; then wait until the
//     pipeline has applied all that was acknowledged by then: a withdrawal is
//     never overtaken
//  3. for each: past its window? expired. Delayed? back until the delay is over. Join event and profile, decide by
//     consent as of now: drop → withheld, hold → held. Compose, or repeat the
//     body of the try before when the decision is the same. What there is no
//     room for goes back to its place in the queue.
//  4. record durably that the attempts begin
//  5. send; meanwhile the next round may begin, as far as the gate allows
//  6. record the verdicts durably
//
// A crash between 4 and 6 leaves the delivery in doubt, never forgotten: it is
// sent again with the same event ID, by policy, and counted apart.
//
// # The gate
//
// How much goes, and when, is learned from the verdicts (gate.go):
//
//   - blocked (a token, a permission, an object) pauses the destination and
//     spends no try. Every few minutes one delivery is tried; the first that is
//     accepted, a good check or a person ends the pause.
//   - three requests in a row that failed as a whole open the breaker. One
//     delivery at a time is tried, at most a minute apart; the first that goes
//     through closes it.
//   - a rate limit that is nearly used slows the destination down, and stops it
//     before it is used up.
//   - a person may pause it; that outlasts a restart.
//
// While nothing may be sent, what has to be decided is decided all the same: a
// withdrawal, the end of a hold, of a wait or of a window. What is only to be
// sent is left alone, so that hours of outage cost nothing but disk.
//
// # What fails without a word
//
// A destination isolates an event that it names. What makes a request fail
// without saying so is found by halving: a batch that holds a delivery that has
// failed several times is smaller, down to that delivery alone (schedule.go).
package dispatch
