package preferences

import "math"

// linear undoes the curve of one channel of sRGB.
func linear(c byte) float64 {
	v := float64(c) / 255
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}
