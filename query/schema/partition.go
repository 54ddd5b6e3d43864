package schema

import (
	"strings"
	"sync"
	"time"
)

// partition is what a partition column of a published table tells, and the names
// that such columns have.
type partition struct {
	tells  string // account, region, day, organization, object, kind
	layout string // of a day, as package time has it
	names  []string
}

// partitionNames are the partition columns of published tables: AWS's own of the
// Athena User Guide, the security analytics bootstrap's, the CloudTrail
// partitioner's, those that the CloudTrail and Glue consoles make, and others
// that people chose.
func partitionNames() []partition {
	words := strings.Fields
	return []partition{
		{"account", "", words("account account_id accountid aws_account_id aws_account awsaccount awsaccountid account_partition account_number acct partition_account p_account")},
		{"region", "", words("region aws_region region_partition region_name regionname partition_region p_region")},
		{"organization", "", words("organization_id organization org_id orgid organization_partition")},
		{"day", "2006/01/02", words(`timestamp date partition_date date_partition datehour day_partition logdate log_date event_day eventday
			delivery_date p_date snapshot_date`)},
		{"day", time.DateOnly, words("dt event_date eventdate ds date_dt")},
		{"day", "2006", words("year partition_0 partition_year year_partition")},
		{"day", "01", words("month partition_1 partition_month month_partition")},
		{"day", "02", words("day partition_2 partition_day")},
		{"object", "", words("ct_object")},
		{"kind", "", words("ct_kind")},
	}
}

// partitions are the columns of partitionNames by their names.
var partitions = sync.OnceValue(func() map[string]partition {
	all := map[string]partition{}
	for _, p := range partitionNames() {
		for _, name := range p.names {
			all[name] = p
		}
	}
	return all
})

// DayLayout is how a partition column writes days, as package time has it; empty
// for other columns.
func DayLayout(name string) string { return partitions()[name].layout }

// partitionOf says what a partition column of any published table tells.
func partitionOf(name string) string { return partitions()[name].tells }
