// Package demoshop is a real, small web shop to try Matchkey on: for
// `matchkey demo`, and for the test that plays the whole story in a browser. It
// sells tea, keeps everything in memory and charges nobody.
//
// It is a package of its own because it plays the other side. It is a customer
// of the tag and of the edge, as any site is: it knows the page API
// (window.matchkey) and the server API (POST /v1/{site}/events), and imports
// nothing of Matchkey.
//
// # What it shows
//
//   - The tag as a first party: the shop passes everything below
//     [Options.SitePrefix] on to the edge, as a reverse proxy would.
//   - A banner that may be refused as easily as accepted, and a page on which
//     the answer may be changed. The shop works the same either way.
//   - A stand-in for Meta's Pixel (static/pixel.js), so that there are browser
//     copies for the server's to meet. It sends nothing without consent.
//   - A back end that reports orders and newsletter sign-ups minutes later, and
//     knows no cookie and no browser ([Shop.Run]).
//
// # What it promises
//
//   - No inline script, no third party, a strict Content-Security-Policy; every
//     page works without JavaScript.
//   - Its only cookies of its own are shop_session (from the first thing put
//     into the cart or the sign-in on) and shop_privacy (the answer to the
//     banner): strictly necessary, and neither is passed on to the edge.
//   - Everything is bounded: sessions, orders, carts, forms, reports.
//
// # What tests may rely on
//
// Ids in the pages: #privacy-banner, #accept, #reject, #withdraw, #add-to-cart,
// #to-checkout, #sign-in, #sign-out, #place-order, #newsletter, #order (its
// data-order is the order's number). The attributes of <body>: data-consent
// ("accept", "reject" or empty) and data-customer. #pixel-log has data-sent: a
// JSON list of what the Pixel stand-in sent, as objects of its parameters.
package demoshop
