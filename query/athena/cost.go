package athena

// What Athena charges for a query that reads from S3 (Athena pricing, SQL queries
// with per query billing): by the terabyte scanned, rounded up to the megabyte,
// at least ten of them. The price is that of most regions.
const (
	DollarsPerTB = 5.0
	megabyte     = 1 << 20
	minimum      = 10 * megabyte
)

// Cost is what scanning so many bytes is charged with, in US dollars. Nothing
// scanned costs nothing: a statement about tables, or a result that was reused.
func Cost(scanned int64) float64 {
	if scanned <= 0 {
		return 0
	}
	rounded := max(minimum, (scanned+megabyte-1)/megabyte*megabyte)
	return float64(rounded) / (1 << 40) * DollarsPerTB
}
