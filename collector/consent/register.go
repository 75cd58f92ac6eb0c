package consent

import (
	"slices"
	"time"
)

// A Category is one thing that the people of a site are asked for.
type Category struct {
	// ID is what answers and scenarios call it, Label what people read.
	ID, Label string
	// Purposes are what a yes allows.
	Purposes []string
	// Recipients narrow whom a notice's yes is for; empty means everybody whom
	// the notice names.
	Recipients []string
	// Validity is how long a yes counts; zero leaves it to the policy.
	Validity time.Duration
}

// A Register is what one site asks people, and in which words: its categories
// and the notices it shows or has shown. It is immutable and safe for
// concurrent use.
type Register struct {
	categories []Category
	notices    map[string]Notice // by hash
	epoch      int
}

// NewRegister makes a register. Notices that are no longer shown belong into
// it as long as answers to them are to count.
func NewRegister(categories []Category, notices []Notice) *Register {
	r := &Register{categories: slices.Clone(categories), notices: make(map[string]Notice, len(notices))}
	for _, n := range notices {
		r.notices[n.Hash()] = n
		r.epoch = max(r.epoch, n.Epoch)
	}
	return r
}

// Epoch is the newest epoch among the notices, for [Policy].NoticeEpoch.
func (r *Register) Epoch() int { return r.epoch }

// Notice returns the notice with a hash.
func (r *Register) Notice(hash string) (n Notice, known bool) {
	n, known = r.notices[hash]
	return n, known
}

// A permission is what a yes to some categories gives for one purpose.
type permission struct {
	purpose    string
	validity   time.Duration // zero: the policy's
	recipients []string      // nil: whom the notice names
}

// permissions expands categories, by their ids, into purposes; no ids mean all
// categories. Where two categories have one purpose, the narrower terms count.
// unknown reports an id that the register does not have.
func (r *Register) permissions(ids []string) (list []permission, unknown bool) {
	for _, id := range ids {
		if !slices.ContainsFunc(r.categories, func(c Category) bool { return c.ID == id }) {
			unknown = true
		}
	}
	for _, c := range r.categories {
		if len(ids) > 0 && !slices.Contains(ids, c.ID) {
			continue
		}
		for _, purpose := range c.Purposes {
			i := slices.IndexFunc(list, func(p permission) bool { return p.purpose == purpose })
			if i < 0 {
				list = append(list, permission{purpose: purpose})
				i = len(list) - 1
			}
			list[i].narrow(c)
		}
	}
	return list, unknown
}

func (p *permission) narrow(c Category) {
	if c.Validity > 0 && (p.validity == 0 || c.Validity < p.validity) {
		p.validity = c.Validity
	}
	switch {
	case len(c.Recipients) == 0:
	case p.recipients == nil:
		p.recipients = slices.Clone(c.Recipients)
	default:
		p.recipients = both(p.recipients, c.Recipients)
	}
}

// both returns what is in a and in b; never nil.
func both(a, b []string) []string {
	out := []string{}
	for _, s := range a {
		if slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}
