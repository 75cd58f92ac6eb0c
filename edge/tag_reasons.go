package edge

import (
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// What the tag did not send, and why: every refusal there passes through one
// function with one of these reasons (tag/src/ignore.ts), and the next beacon
// tells how often. The words are short because visitors pay for them.

// tagReasons has a sentence for each of the tag's reasons. It is also what may
// become a label: a stranger's word is counted as "other".
var tagReasons = map[string]string{
	"twice":    "The tag was included twice; the first one won.",
	"origin":   "The page is a file or sandboxed and has no cookies; the tag did nothing.",
	"framed":   "The page is in a frame; the visit belongs to the page around it.",
	"command":  "The page called a command that does not exist or is not compiled into this site's tag.",
	"large":    "An event had more than 12,000 characters.",
	"customer": "identify() was called with something that cannot be a customer's id.",
	"contact":  "A field given to identify() is not known, is no short text, or cannot be hashed in the page.",
	"consent":  "consent() was called with an action or options that cannot be kept.",
	"gpc":      "A yes against the browser's privacy signal, from somebody who was not told of it.",
	"notice":   "The banner's text could not be fetched; nobody was asked on that page.",
	"refused":  "The person, or a privacy signal, said no.",
	"told":     "This customer's refusal was told from this page already.",
	"click":    "The address carried a click id that cannot be one.",
	"cookie":   "The click cookie cannot be read; it was left alone and not sent.",
	"full":     "More events than a page keeps: 20 before an answer, 200 after it.",
	"edge":     "The edge named a reason beside its answer.",
	"lost":     "A beacon got no answer, and this site's tag does not try again.",
	"fault":    "Something failed inside the tag, or the page broke a browser's function.",
}

// otherTagReason counts what no tag of this version says.
const otherTagReason = "other"

// maxIgnored bounds what one beacon may add to a count.
const maxIgnored = 1000

// counts reads "x". What is not a count costs itself.
func (r *reader) counts(v string) bool {
	var members map[string]jsontext.Value
	if json.Unmarshal([]byte(v), &members) != nil {
		return true
	}
	r.b.ignored = map[string]int{}
	for name, n := range members {
		if _, known := tagReasons[name]; !known {
			name = otherTagReason
		}
		if count, err := strconv.Atoi(string(n)); err == nil && count > 0 {
			r.b.ignored[name] = min(r.b.ignored[name]+min(count, maxIgnored), maxIgnored)
		}
	}
	return true
}

// noteIgnored counts what a tag says that it did not send.
func (s *Server) noteIgnored(site string, ignored map[string]int) {
	for why, n := range ignored {
		s.metrics.ignored.WithLabelValues(site, why).Add(float64(n))
	}
}
