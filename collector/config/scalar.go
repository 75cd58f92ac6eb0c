package config

import (
	"errors"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// scalar reports whether n is a single value, and a fault when it is not.
func (d *decoder) scalar(n *yaml.Node, path, want string) bool {
	if n.Kind != yaml.ScalarNode {
		d.wrongKind(n, path, want)
		return false
	}
	if n.Style&yaml.TaggedStyle != 0 && n.Tag != "!!str" {
		d.fault(n, path, "%s has the YAML tag %s. Tags are not used here; take it out.", named(path), shorten(n.Tag))
		return false
	}
	return true
}

// leadingZero finds what YAML 1.1 takes for an octal number: a post code.
var leadingZero = regexp.MustCompile(`^[+-]?0[0-9_]+$`)

// text keeps a value exactly as it is written, also when YAML would call it a number.
func (d *decoder) text(n *yaml.Node, v reflect.Value, path string, r rules) {
	if !d.scalar(n, path, "a text") {
		return
	}
	plain := n.Style&^yaml.TaggedStyle == 0
	switch {
	case plain && n.Tag == "!!bool":
		d.fault(n, path, "%s reads as true or false, but a text is wanted. Put it in quotes.", named(path))
		return
	case plain && n.Tag == "!!int" && leadingZero.MatchString(n.Value):
		d.warn(n, path, "%s looks like a number with a leading zero, which other YAML tools read as octal. Put it in quotes.", named(path))
	case n.Value == "" && (r.required || r.item):
		d.fault(n, path, "%s is empty.%s", named(path), r.hint(path[strings.LastIndexByte(path, '.')+1:]))
		return
	case strings.HasPrefix(n.Value, "${env:") || strings.HasPrefix(n.Value, "${file:"):
		d.fault(n, path, "%s is not a secret, and only secrets are taken from the environment or a file. Write the value here.", named(path))
		return
	}
	if r.maxLength > 0 && len(n.Value) > r.maxLength {
		d.fault(n, path, "%s is longer than %d characters.", named(path), r.maxLength)
		return
	}
	if len(r.enum) > 0 && !slices.Contains(r.enum, n.Value) {
		d.fault(n, path, "%s is %q, which is none of: %s.%s", named(path), shorten(n.Value), strings.Join(r.enum, ", "), didYouMean(n.Value, r.enum))
		return
	}
	v.SetString(n.Value)
}

func (d *decoder) integer(n *yaml.Node, v reflect.Value, path string, r rules) {
	if !d.scalar(n, path, "a whole number") {
		return
	}
	if leadingZero.MatchString(n.Value) {
		d.fault(n, path, "%s has a leading zero, which YAML reads as octal. Write %s.", named(path), strings.TrimLeft(n.Value, "+-0_"))
		return
	}
	i, err := strconv.Atoi(n.Value)
	if err != nil {
		d.fault(n, path, "%s is %q, but a whole number is wanted here.", named(path), shorten(n.Value))
		return
	}
	if r.min != nil && i < *r.min || r.max != nil && i > *r.max {
		if *r.min == *r.max {
			d.fault(n, path, "%s is %d; only %d is known.", named(path), i, *r.min)
		} else {
			d.fault(n, path, "%s is %d; it may be from %d to %d.", named(path), i, *r.min, *r.max)
		}
		return
	}
	v.SetInt(int64(i))
}

func (d *decoder) boolean(n *yaml.Node, v reflect.Value, path string) {
	if !d.scalar(n, path, "true or false") {
		return
	}
	switch n.Value {
	case "true":
		v.SetBool(true)
	case "false":
		v.SetBool(false)
	default:
		d.fault(n, path, "%s is %q. Write true or false.", named(path), shorten(n.Value))
	}
}

func (d *decoder) duration(n *yaml.Node, v reflect.Value, path string, r rules) {
	if !d.scalar(n, path, "a duration") {
		return
	}
	length, err := parseDuration(n.Value)
	switch {
	case err != nil:
		d.fault(n, path, "%s is %q, which is no duration: %s. Write a number and a unit: 500ms, 30s, 2m, 12h, 180d.", named(path), shorten(n.Value), err)
	case r.bounds != nil && (length < r.bounds[0] || length > r.bounds[1]):
		d.fault(n, path, "%s is %s; it may be from %s to %s.", named(path), shorten(n.Value), formatDuration(r.bounds[0]), formatDuration(r.bounds[1]))
	default:
		v.SetInt(int64(length))
	}
}

// durationParts matches a duration: numbers, each with its unit.
var durationParts = regexp.MustCompile(`^(?:([0-9]{1,6})d)?((?:[0-9]{1,9}(?:\.[0-9]{1,3})?(?:h|ms|m|s))*)$`)

// parseDuration reads Go's durations and days, which have 24 hours here.
func parseDuration(s string) (time.Duration, error) {
	if s == "" {
		return 0, errors.New("it is empty")
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil && s != "0" {
		return 0, errors.New("it has no unit")
	}
	if s == "0" {
		return 0, nil
	}
	m := durationParts.FindStringSubmatch(s)
	if m == nil {
		return 0, errors.New("the units are d, h, m, s and ms, days first")
	}
	var total time.Duration
	if m[1] != "" {
		days, _ := strconv.Atoi(m[1]) // at most six digits
		if days > 100_000 {
			return 0, errors.New("it is too long")
		}
		total = time.Duration(days) * 24 * time.Hour
	}
	if m[2] != "" {
		rest, err := time.ParseDuration(m[2])
		if err != nil || total+rest < total {
			return 0, errors.New("it is too long")
		}
		total += rest
	}
	return total, nil
}

// formatDuration writes a duration as people write it in the file.
func formatDuration(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= day && d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func (d *decoder) prefix(n *yaml.Node, v reflect.Value, path string) {
	if !d.scalar(n, path, "a network") {
		return
	}
	p, err := netip.ParsePrefix(n.Value)
	if err != nil {
		hint := ""
		if ip, e := netip.ParseAddr(n.Value); e == nil && ip.Zone() == "" {
			hint = " For this one address write " + netip.PrefixFrom(ip, ip.BitLen()).String() + "."
		}
		d.fault(n, path, "%s is %q, which is no network. Write address/bits, such as 10.0.0.0/8.%s", named(path), shorten(n.Value), hint)
		return
	}
	if p.Masked() != p {
		d.fault(n, path, "%s is %s, which has bits set behind its length. Write %s, or the single address with all its bits.", named(path), p, p.Masked())
		return
	}
	v.Set(reflect.ValueOf(p))
}

// references are the two ways to give a secret.
var (
	envReference  = regexp.MustCompile(`^\$\{env:([A-Za-z_][A-Za-z0-9_]{0,127})\}$`)
	fileReference = regexp.MustCompile(`^\$\{file:(.{1,900})\}$`)
	nestedEnv     = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]{0,127})\}`)
)

// maxSecret bounds a secret; the longest access tokens have a few hundred characters.
const maxSecret = 4096

// secret follows a reference. Its faults name the variable or the file, never
// what is in them; what is written in place of a reference is hidden.
func (d *decoder) secret(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode {
		d.faults.source.hide(n)
		d.wrongKind(n, path, "${env:NAME} or ${file:PATH}")
		return
	}
	var value, from string
	if m := envReference.FindStringSubmatch(n.Value); m != nil {
		from = "the environment variable " + m[1]
		set := false
		if value, set = d.env(m[1]); !set {
			d.fault(n, path, "%s comes from %s, which is not set. Set it before the start.", named(path), from)
			return
		}
	} else if m := fileReference.FindStringSubmatch(n.Value); m != nil {
		file, missing := d.expand(m[1])
		if missing != "" {
			d.fault(n, path, "%s comes from a file whose path holds the environment variable %s, which is not set.", named(path), missing)
			return
		}
		from = "the file " + strconv.Quote(file)
		text, problem := d.read(file)
		if problem != "" {
			d.fault(n, path, "%s comes from %s, which %s.", named(path), from, problem)
			return
		}
		value = strings.TrimRight(string(text), "\r\n")
	} else {
		d.faults.source.hide(n)
		d.fault(n, path, "%s is a secret and may not stand in this file. Write ${env:NAME} or ${file:PATH}, alone and complete.", named(path))
		return
	}
	switch {
	case value == "":
		d.fault(n, path, "%s comes from %s, which is empty.", named(path), from)
	case len(value) > maxSecret:
		d.fault(n, path, "%s comes from %s, which holds more than %d bytes. Is it the right one?", named(path), from, maxSecret)
	case strings.ContainsFunc(value, func(r rune) bool { return r < 0x20 || r == 0x7f }):
		d.fault(n, path, "%s comes from %s, which holds a line break or another control character.", named(path), from)
	default:
		v.Set(reflect.ValueOf(NewSecret(value)))
	}
}

// expand replaces ${NAME} in a secret's path, for systemd's credentials:
// ${file:${CREDENTIALS_DIRECTORY}/token}.
func (d *decoder) expand(path string) (expanded, missing string) {
	expanded = nestedEnv.ReplaceAllStringFunc(path, func(ref string) string {
		name := ref[2 : len(ref)-1]
		value, set := d.env(name)
		if !set && missing == "" {
			missing = name
		}
		return value
	})
	return expanded, missing
}
