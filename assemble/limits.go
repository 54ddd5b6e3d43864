package assemble

import (
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/config"
)

// Limits are what one log file may cost, as the configuration says.
func Limits(cfg *config.Config) cloudtrail.Limits {
	l, c := cloudtrail.DefaultLimits(), cfg.Limits
	l.Decompressed, l.Ratio, l.RatioAfter = int64(c.Decompressed), int64(c.Ratio), int64(c.RatioAfter)
	l.Record, l.Depth, l.Keys, l.Members = int(c.Record), c.Depth, c.Keys, c.Members
	return l
}
