package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/query/ddl"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/severity"
)

func askingChecks() []Check {
	return []Check{
		{ID: "rules-match", Title: "The rules can match", Asks: "Are there rules, are they valid, and does lint say that one can never match? An empty result may be a mistyped name.",
			Severity: severity.High, Run: checkRulesMatch},
		{ID: "athena-table", Title: "The Athena table has today's regions and accounts", Asks: "The table is compared with the accounts that deliver into the bucket and with all regions there are.",
			Severity: severity.High, Actions: []string{"cloudtrail:DescribeTrails", "s3:ListBucket", "sts:GetCallerIdentity", "glue:GetTable"}, Run: checkTable},
		{ID: "athena-workgroup", Title: "Queries can run, and cost has a bound", Asks: "Does the workgroup exist and have a place for results, and a limit on what a query scans?",
			Severity: severity.Medium, Actions: []string{"athena:GetWorkGroup"}, Run: checkWorkgroup},
	}
}

func checkRulesMatch(_ context.Context, e *Env) (out []Result) {
	if e.Rules == nil {
		return none("no rules were loaded: name the configuration with --config")
	}
	active := 0
	for _, r := range e.Rules.Rules {
		if r.Inactive == "" {
			active++
		}
	}
	if active == 0 {
		out = append(out, broken(e.Config.File, "no rule judges anything", "Name rule files under rules, or packs: [starter]."))
	}
	for _, d := range e.Lint {
		name := cmp.Or(d.Rule, d.File)
		switch {
		case d.Severity == diagnostic.Error:
			out = append(out, broken(name, d.Error(), cmp.Or(d.Fix, "Mend it; trailwarden rules lint says everything that is wrong.")))
		case slices.Contains([]string{"TL02", "TL03", "TL04", "TL12", "TL17"}, d.Code):
			out = append(out, warn(name, d.Error(), cmp.Or(d.Fix, d.Why)))
		}
	}
	return or(out, e.Config.File, fmt.Sprintf("%d rules judge", active))
}

// usesAthena tells whether Athena is asked.
func (e *Env) usesAthena() bool {
	return e.Config.Query.Athena != nil || e.Config.Query.Engine == "athena" || slices.Contains(e.Needs, WayAthena) ||
		slices.ContainsFunc(e.Config.Queries, func(q config.ScheduledQuery) bool { return q.Enabled && e.Config.EngineOf(&q) == "athena" })
}

func (e *Env) athena() (config.Athena, aws.Config) {
	c := config.Athena{Database: "default", Table: "cloudtrail_logs"}
	if e.Config.Query.Athena != nil {
		c = *e.Config.Query.Athena
	}
	return c, e.in(c.Region)
}

func checkTable(ctx context.Context, e *Env) []Result {
	if !e.usesAthena() {
		return none("Athena is not asked: there is no query.athena")
	}
	places, err := e.places(ctx)
	if err != nil {
		return []Result{unknown("", err)}
	}
	who, err := e.caller(ctx)
	if err != nil {
		return []Result{unknown("", err)}
	}
	return orNone(each(places[:min(1, len(places))], func(p place) []Result { return e.table(ctx, who, p) }), "no bucket is known")
}

func (e *Env) table(ctx context.Context, who caller, p place) []Result {
	c, cfg := e.athena()
	name := c.Database + "." + c.Table
	found, err := e.delivering(ctx, p)
	if err != nil {
		return []Result{unknown(p.name(), err)}
	}
	regions, err := ddl.Regions(who.partition)
	if err != nil {
		return []Result{unknown(name, err)}
	}
	t := ddl.Table{Database: c.Database, Name: c.Table, Bucket: p.bucket, Prefix: p.prefix, Organization: found.Organization, Accounts: found.Accounts, Regions: regions}
	plan, err := ddl.NewPlan(ctx, cfg, t, ddl.Options{})
	sync := "trailwarden athena sync --bucket " + p.bucket
	switch {
	case err != nil && actionOf(err) == "":
		return []Result{broken(name, err.Error(), "Name the right table under query.athena.")}
	case err != nil:
		return []Result{unknown(name, err)}
	case plan.Create:
		return []Result{broken(name, "there is no such table", sync)}
	case plan.Nothing():
		return []Result{ok(name, fmt.Sprintf("%d accounts, %d regions", len(t.Accounts), len(regions)))}
	}
	shown := plan.Changes
	more := ""
	if len(shown) > 6 {
		shown, more = shown[:6], fmt.Sprintf(" and %d more", len(plan.Changes)-6)
	}
	hole := slices.ContainsFunc(plan.Changes, func(c string) bool {
		return strings.HasPrefix(c, "region ") || strings.HasPrefix(c, "account ") || strings.HasPrefix(c, "location") || strings.Contains(c, "location.template")
	})
	text := "the table is not what it should be: " + strings.Join(shown, "; ") + more
	if hole {
		return []Result{broken(name, text, "What the table does not list no query sees. "+sync)}
	}
	return []Result{warn(name, text, sync)}
}

func checkWorkgroup(ctx context.Context, e *Env) (out []Result) {
	if !e.usesAthena() {
		return none("Athena is not asked: there is no query.athena")
	}
	c, cfg := e.athena()
	name := cmp.Or(c.Workgroup, "primary")
	got, err := athena.NewFromConfig(cfg).GetWorkGroup(ctx, &athena.GetWorkGroupInput{WorkGroup: &name})
	if err != nil && strings.Contains(err.Error(), "not found") || missing(err) || err == nil && got.WorkGroup == nil {
		return []Result{broken(name, "there is no such workgroup", "aws athena create-work-group --name "+name)}
	}
	if err != nil {
		return []Result{unknown(name, err)}
	}
	if got.WorkGroup.State == athenatypes.WorkGroupStateDisabled {
		return []Result{broken(name, "the workgroup is disabled", "aws athena update-work-group --state ENABLED --work-group "+name)}
	}
	set := got.WorkGroup.Configuration
	if c.Output == "" && (set == nil || set.ResultConfiguration == nil || aws.ToString(set.ResultConfiguration.OutputLocation) == "") {
		out = append(out, broken(name, "neither the workgroup nor query.athena.output says where results go", "Set query.athena.output to an s3:// URL."))
	}
	if set == nil || aws.ToInt64(set.BytesScannedCutoffPerQuery) == 0 {
		out = append(out, warn(name, "a query may scan without bound, and what is scanned is paid for", "Set BytesScannedCutoffPerQuery in the workgroup."))
	}
	return or(out, name, "enabled, with a place for results and a bound")
}
