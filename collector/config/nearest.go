package config

import "strconv"

// nearest returns the candidate that a word was probably meant to be: at most
// two letters away, and not a wholly different short word. Empty when none is.
func nearest(word string, candidates []string) string {
	best, at := "", 3
	if len(word) > 64 {
		return ""
	}
	for _, c := range candidates {
		if d := distance(word, c); d < at && d*2 < len(c) {
			best, at = c, d
		}
	}
	return best
}

func didYouMean(word string, candidates []string) string {
	if near := nearest(word, candidates); near != "" {
		return " Did you mean " + strconv.Quote(near) + "?"
	}
	return ""
}

// distance is the number of letters to insert, remove, replace or swap with
// their neighbour (optimal string alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replace := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			rows[i][j] = min(replace, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
