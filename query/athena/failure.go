package athena

import (
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/internal/awsx"
)

// Class says who can do something about a Failure.
type Class string

// The classes.
const (
	User      Class = "user"      // the query: syntax, a column, a type
	System    Class = "system"    // Athena itself
	Other     Class = "other"     // Athena does not say
	Cancelled Class = "cancelled" // somebody or a limit of the workgroup stopped it
	Denied    Class = "denied"    // a permission is missing
	Setup     Class = "setup"     // workgroup, output location, database or table
	Busy      Class = "busy"      // too many queries at once, also after several tries
)

// Failure is what Athena says against a query.
type Failure struct {
	ID        string // of the execution; empty when there is none
	State     string // FAILED or CANCELLED; empty when it never ran
	Class     Class
	Type      int32 // Athena's ErrorType
	Reason    string
	Retryable bool
	Scanned   int64  // bytes that are paid for all the same
	Do        string // what to do; may be empty
}

// Error says it in a line.
func (f *Failure) Error() string {
	s := "Athena: " + f.Reason
	if f.State != "" {
		s = fmt.Sprintf("the query %s on Athena (execution %s): %s", strings.ToLower(f.State), f.ID, f.Reason)
	}
	if f.Do != "" {
		s += "; " + f.Do
	}
	return s
}

// refused is a call that Athena did not take.
func refused(doing string, f awsx.Fault) *Failure {
	out := &Failure{Class: Other, Reason: "cannot " + doing + ": " + f.Error()}
	switch f.Kind {
	case awsx.Denied:
		out.Class = Denied
	case awsx.Throttled:
		out.Class = Busy
	case awsx.Server, awsx.Network:
		out.Class = System
	}
	out.classify()
	return out
}

// hints are what the reasons that Athena gives most often ask for (Athena User
// Guide, troubleshooting).
var hints = []struct {
	has   string
	class Class
	do    string
}{
	{"output location", Setup, "give query.athena.output (--output-location), an s3:// URL, or a workgroup that has one"},
	{"WorkGroup is not found", Setup, "the workgroup is that of query.athena.workgroup (--workgroup)"},
	{"WorkGroup does not exist", Setup, "the workgroup is that of query.athena.workgroup (--workgroup)"},
	{"SCHEMA_NOT_FOUND", Setup, "the database is that of query.athena.database (--database)"},
	{"TABLE_NOT_FOUND", Setup, "trailwarden athena ddl prints a table, athena sync makes it"},
	{"Bytes scanned limit was exceeded", Cancelled, "narrow the partitions: --from, --to, --account, --region"},
	{"CONSTRAINT_VIOLATION", User, "an injected partition column must be given: --account"},
	{"HIVE_EXCEEDED_PARTITION_LIMIT", User, "narrow the partitions: --from, --to, --account, --region"},
	{"Access Denied", Denied, "the caller needs athena:StartQueryExecution, glue:GetTable, s3:GetObject on the logs and s3:PutObject on the results"},
	{"not authorized to perform", Denied, "the caller needs athena:StartQueryExecution, glue:GetTable, s3:GetObject on the logs and s3:PutObject on the results"},
	{"COLUMN_NOT_FOUND", User, "the table may be older than the query: trailwarden athena sync brings its columns up to date"},
}

func (f *Failure) classify() {
	for _, h := range hints {
		if strings.Contains(f.Reason, h.has) {
			f.Class, f.Do = h.class, h.do
			return
		}
	}
}
