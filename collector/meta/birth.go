package meta

import (
	"fmt"
	"strconv"
	"time"
)

// firstYear is the earliest year of birth that Meta documents.
const firstYear = 1900

// birth is a date of birth as YYYYMMDD. Written without separators it has to be
// that already. Otherwise the first three groups of digits count: the one over
// 31 is the year, and between month and day the one over 12 is the day; when
// both could be, the month comes first, as in Meta's sample 2/16/1997. A
// century is never guessed.
func birth(v string) string {
	groups := digitGroups(v, 3)
	if len(groups) > 0 && len(groups[0]) == 8 { // perhaps with a time behind it
		return date(groups[0][:4], groups[0][4:6], groups[0][6:])
	}
	if len(groups) < 3 {
		return ""
	}
	year := -1
	for i, g := range groups {
		if n, err := strconv.Atoi(g); err != nil || n > 31 {
			if year >= 0 {
				return ""
			}
			year = i
		}
	}
	var rest []string
	for i, g := range groups {
		if i != year {
			rest = append(rest, g)
		}
	}
	if len(rest) != 2 {
		return ""
	}
	if form := date(groups[year], rest[0], rest[1]); form != "" {
		return form
	}
	return date(groups[year], rest[1], rest[0])
}

// digitGroups returns the first max runs of ASCII digits.
func digitGroups(v string, max int) []string {
	var groups []string
	for i := 0; i < len(v) && len(groups) < max; {
		j := i
		for j < len(v) && '0' <= v[j] && v[j] <= '9' {
			j++
		}
		if j > i {
			groups = append(groups, v[i:j])
		}
		i = j + 1
	}
	return groups
}

// date is YYYYMMDD when there is such a day and nobody living can be older or
// is yet unborn.
func date(year, month, day string) string {
	y, errY := strconv.Atoi(year)
	m, errM := strconv.Atoi(month)
	d, errD := strconv.Atoi(day)
	if errY != nil || errM != nil || errD != nil || y < firstYear || y > thisYear() {
		return ""
	}
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if t.Year() != y || int(t.Month()) != m || t.Day() != d {
		return ""
	}
	return fmt.Sprintf("%04d%02d%02d", y, m, d)
}
