package scenario

import "matchkey/collector"

// Reasons of the notes that [Set.Match] gives. The field of such a note is
// "scenario.<name>.when" or "scenario.<name>.properties.<property>".
const (
	ReasonConditionFailed collector.Reason = "condition_failed" // no conversion came of it
	ReasonMappingFailed   collector.Reason = "mapping_failed"   // the conversion goes without the property
)

// Sentences gives every reason of this package in words for people.
func Sentences() map[collector.Reason]string {
	return map[collector.Reason]string{
		ReasonConditionFailed: "The scenario's condition could not be evaluated for this event, so it is no conversion of that scenario.",
		ReasonMappingFailed:   "The property's expression could not be evaluated for this event, so the conversion goes without it.",
	}
}
