package consent

// limitedUse holds the US states for whose people recipients offer restricted
// processing, with the state's code in the recipient's API (reference/consent.md
// § 2.6; 1011 to 1013 were not confirmed by a second source). Virginia, Utah,
// Iowa, Indiana, Kentucky and Tennessee have a law and no code: there an
// opt-out means that nothing is sent.
var limitedUse = map[string]int{
	"CA": 1000, "CO": 1001, "CT": 1002, "FL": 1003, "OR": 1004, "TX": 1005, "MT": 1006,
	"DE": 1007, "NE": 1008, "NH": 1009, "NJ": 1010, "MN": 1011, "MD": 1012, "RI": 1013,
}

// limitedUseUS is the code of the United States beside a state's code.
const limitedUseUS = 1
