package main

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/trailwarden/trailwarden/query/trino"
)

// appendCell appends a value of the engine's type kind as Athena prints it.
func appendCell(dst []byte, v any, kind string) []byte {
	switch x := v.(type) {
	case bool:
		return strconv.AppendBool(dst, x)
	case int8, int16, int32, int64, uint8, uint16, uint32, uint64:
		return fmt.Append(dst, x)
	case *big.Int:
		return x.Append(dst, 10)
	case duckdb.Decimal:
		return append(dst, decimalText(x)...)
	case float32:
		return append(dst, trino.DoubleText(float64(x))...)
	case float64:
		return append(dst, trino.DoubleText(x)...)
	case string:
		return append(dst, x...)
	case time.Time:
		return append(dst, timeText(x.UTC(), kind)...)
	case duckdb.Interval:
		return append(dst, intervalText(x)...)
	case []byte:
		if len(x) == 16 && kind == "UUID" {
			return append(dst, fmt.Sprintf("%x-%x-%x-%x-%x", x[:4], x[4:6], x[6:8], x[8:10], x[10:])...)
		}
		return append(dst, hexText(x)...)
	}
	return fmt.Append(dst, v)
}

// decimalText writes all digits behind the point that the type has.
func decimalText(d duckdb.Decimal) string {
	digits := new(big.Int).Abs(d.Value).String()
	if missing := int(d.Scale) + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	sign := ""
	if d.Value.Sign() < 0 {
		sign = "-"
	}
	if d.Scale == 0 {
		return sign + digits
	}
	point := len(digits) - int(d.Scale)
	return sign + digits[:point] + "." + digits[point:]
}

func timeText(t time.Time, kind string) string {
	switch kind {
	case "DATE":
		return t.Format(time.DateOnly)
	case "TIME", "TIME WITH TIME ZONE":
		return t.Format("15:04:05.000")
	case "TIMESTAMP WITH TIME ZONE":
		return t.Format("2006-01-02 15:04:05.000 UTC")
	}
	return t.Format("2006-01-02 15:04:05.000")
}

// intervalText writes an interval as Trino does; months beside days and less count
// as 30 days.
func intervalText(i duckdb.Interval) string {
	ms := i.Micros/1000 + int64(i.Days)*86_400_000
	if ms != 0 {
		ms += 30 * int64(i.Months) * 86_400_000
	}
	return trino.IntervalText(int64(i.Months), ms)
}

func hexText(b []byte) string {
	parts := make([]string, len(b))
	for i, c := range b {
		parts[i] = hex.EncodeToString([]byte{c})
	}
	return strings.Join(parts, " ")
}
