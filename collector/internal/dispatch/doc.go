// Package dispatch sends what is due: join → decide → compose → send → settle.
//
// It is separate because it is the only place from which anything leaves, so
// it is where consent is asked for the last time. It never reads a status
// code and knows no vendor: a destination rules, the dispatcher acts.
//
// # One round
//
//  1. lease what is due, and wait until the pipeline has applied all that was
//     acknowledged by then: a withdrawal is never overtaken
//  2. for each: past its window? expired. Join event and profile, decide by
//     consent as of now: drop → withheld, hold → held. Compose, or repeat the
//     body of the try before when the decision is the same.
//  3. record durably that the attempts begin
//  4. send
//  5. record the verdicts durably
//
// A crash between 3 and 5 leaves the delivery in doubt, never forgotten: it is
// sent again with the same event ID, by policy, and counted apart.
//
// # Pause
//
// A ruling of blocked (a token, a permission, an object) pauses the
// destination and spends no try. While it is paused one delivery is tried
// every few minutes; the first that is accepted, or a person, ends the pause.
// Everything else that is due is decided all the same, once a minute, so that a
// withdrawal, the end of a hold or of a window is seen; and so what waited goes
// within a minute of the pause's end.
package dispatch
