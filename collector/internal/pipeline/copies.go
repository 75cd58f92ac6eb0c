package pipeline

import "matchkey/collector"

// addCopy lists a copy; listed is false when the bound is reached.
func addCopy(copies []collector.Copy, e collector.Entry) (all []collector.Copy, listed bool) {
	if len(copies) >= collector.MaxCopies {
		return copies, false
	}
	return append(copies, collector.Copy{
		Origin: e.Event.Origin, Receipt: e.Event.Receipt, ReceivedAt: e.Event.ReceivedAt, Offset: e.Offset,
	}), true
}
