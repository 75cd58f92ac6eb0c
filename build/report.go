package build

import "path"

// A Measure is the size of one thing that a page loads.
type Measure struct {
	What string
	Sizes
}

// Report measures a site's tag as it is, the same without the features that can
// be left out, and the snippet.
func Report(o TagOptions) ([]Measure, error) {
	bare := o
	bare.IdentifierCookies = []string{}
	var report []Measure
	for _, variant := range []struct {
		what    string
		options TagOptions
	}{
		{"the tag of site " + o.Site, o},
		{"the same without identifier cookies", bare},
	} {
		script, err := Tag(variant.options)
		if err != nil {
			return nil, err
		}
		report = append(report, Measure{variant.what, script.Sizes})
	}
	snippet, err := newScript([]byte(Snippet(o.Site, path.Dir(o.Endpoint))), "")
	if err != nil {
		return nil, err
	}
	return append(report, Measure{"the snippet, in every page", snippet.Sizes}), nil
}
