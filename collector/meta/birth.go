package meta

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"matchkey/collector"
)

// firstYear is the earliest year of birth that Meta documents.
const firstYear = 1900

// monthFirst are the countries in which 03/04/1997 is the fourth of March.
var monthFirst = words("yes", "US AS GU MP PR VI CA PH FM MH PW", "", "")

// birth is a date of birth as YYYYMMDD. Written without separators it has to be
// that already. Otherwise it is three groups of digits with one kind of separator
// between them; words before and a time behind are not looked at, months as words
// not read. The year has four digits (a century is never guessed) and stands
// first or last.
//
// Between month and day the one over 12 is the day. When both could be, the month
// comes first behind a year; before one the day does with dots, which nobody
// writes with the month first, and in a country that is not one of monthFirst;
// else the month, as in Meta's sample 2/16/1997 (capi.md § 3.1, § 3.4).
func birth(v, region string) string {
	v = collector.PlainText(v)
	if len(v) >= 8 && isDigits(v[:8]) && (len(v) == 8 || !isDigits(v[8:9])) {
		return date(v[:4], v[4:6], v[6:8])
	}
	groups, separator, ok := dateGroups(v)
	if !ok {
		return ""
	}
	year, first, second := groups[2], groups[0], groups[1]
	dayFirst := separator == "." || region != "" && monthFirst[region] == ""
	if len(groups[0]) == 4 {
		year, first, second, dayFirst = groups[0], groups[1], groups[2], false
	}
	if len(year) != 4 {
		return ""
	}
	if dayFirst {
		first, second = second, first
	}
	if form := date(year, first, second); form != "" {
		return form
	}
	return date(year, second, first)
}

// dateGroups takes a date apart: the first three groups of digits, with the same
// separator twice, and blanks around it or none. A colon behind the third says
// that it was a time's.
func dateGroups(v string) (groups [3]string, separator string, ok bool) {
	var between [3]string // before the first group it may be anything
	for i := range groups {
		n := strings.IndexAny(v, "0123456789")
		if n < 0 {
			return groups, "", false
		}
		between[i], v = v[:n], v[n:]
		for n = 0; n < len(v) && '0' <= v[n] && v[n] <= '9'; {
			n++
		}
		groups[i], v = v[:n], v[n:]
	}
	if eastAsian[between[1]+between[2]] {
		return groups, "", true
	}
	separator = strings.TrimSpace(between[1])
	same := separator == strings.TrimSpace(between[2])
	return groups, separator, same && !strings.ContainsFunc(separator, unicode.IsLetter) && !strings.HasPrefix(v, ":")
}

// eastAsian is what stands between year, month and day in China, Japan and Korea.
var eastAsian = map[string]bool{"年月": true, "月日": true, "년월": true, "년 월 ": true}

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
