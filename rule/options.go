package rule

// Options says how rule files are read.
type Options struct {
	// ApprovedRegions, when given, replaces the approved regions of the region
	// rules that LoadFS reads: codes, wildcards, geographies or partitions. Load
	// leaves the user's own rules as they are.
	ApprovedRegions []string
}
