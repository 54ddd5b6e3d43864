package trino

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// divide is a decimal's division, exact to its last digit and rounded half away
// from zero (Trino, decimal functions and operators).
func divide(a, b string, scale int64) (any, error) {
	x, y := rational(a), rational(b)
	switch {
	case x == nil || y == nil || scale < 0 || scale > 38:
		return nil, nil
	case y.Sign() == 0:
		return nil, errors.New("division by zero")
	}
	return x.Quo(x, y).FloatString(int(scale)), nil
}

// rational reads a number; one that is written with an exponent came from a double.
func rational(text string) *big.Rat {
	if strings.ContainsAny(text, "eE") {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil
		}
		return new(big.Rat).SetFloat64(f)
	}
	if len(text) > 100 { // more than a decimal has
		return nil
	}
	if r, ok := new(big.Rat).SetString(text); ok {
		return r
	}
	return nil
}

// shortNumber writes a number as people say it: 123K.
func shortNumber(f float64) any {
	units := []string{"", "K", "M", "B", "T", "Q"}
	i := 0
	for math.Abs(f) >= 1000 && i < len(units)-1 {
		f /= 1000
		i++
	}
	digits := 0
	switch size := math.Abs(f); {
	case size < 10:
		digits = 2
	case size < 100:
		digits = 1
	}
	text := strconv.FormatFloat(f, 'f', digits, 64)
	if digits > 0 {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return text + units[i]
}

// sized reads a number with a unit; the number's digits come first.
func sized(text string) (number float64, unit string, err error) {
	n := strings.IndexFunc(text, func(c rune) bool { return c != '.' && (c < '0' || c > '9') })
	if n < 0 {
		n = len(text)
	}
	number, err = strconv.ParseFloat(text[:n], 64)
	return number, strings.TrimSpace(text[n:]), err
}

// dataSize is a size such as 2.3MB in bytes; units are powers of 1,024.
func dataSize(text string) (any, error) {
	number, unit, err := sized(text)
	for i, name := range []string{"B", "kB", "MB", "GB", "TB", "PB"} {
		if bytes := number * math.Pow(1024, float64(i)); err == nil && name == unit && bytes < 1<<62 {
			return int64(bytes), nil
		}
	}
	return nil, fmt.Errorf("invalid data size: '%.40s'", text)
}

// milliseconds is a duration such as 3.81 d.
func milliseconds(text string) (any, error) {
	number, unit, err := sized(text)
	size, ok := map[string]float64{"ns": 1e-6, "us": 1e-3, "ms": 1, "s": 1e3, "m": 60e3, "h": 3600e3, "d": 86_400e3}[unit]
	if err != nil || !ok || number*size >= 1<<62 {
		return nil, fmt.Errorf("invalid duration: '%.40s'", text)
	}
	return int64(math.Round(number * size)), nil
}
