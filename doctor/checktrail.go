package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/trailwarden/trailwarden/severity"
)

func trailChecks() []Check {
	return []Check{
		{ID: "caller", Title: "The credentials are valid", Asks: "Who is asking? Everything below is seen with these eyes.",
			Severity: severity.High, Actions: []string{"sts:GetCallerIdentity"}, Run: checkCaller},
		{ID: "trail-exists", Title: "There is a trail that delivers to a bucket", Asks: "Without a trail there are no log files, and EventBridge gets no events of API calls.",
			Severity: severity.Critical, Actions: []string{"cloudtrail:DescribeTrails"}, Run: checkTrailExists},
		{ID: "trail-logging", Title: "The trail logs and delivers", Asks: "Is logging on, and did the last delivery to bucket, topic and log group succeed?",
			Severity: severity.Critical, Actions: []string{"cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"}, Run: checkTrailLogging},
		{ID: "trail-regions", Title: "Every region is covered", Asks: "A region that is enabled and that no trail covers is where somebody can work unseen.",
			Severity: severity.Critical, Actions: []string{"cloudtrail:DescribeTrails", "account:ListRegions"}, Run: checkTrailRegions},
		{ID: "trail-accounts", Title: "Every account is covered", Asks: "In an organization: is there an organization trail, and are there files of each active account?",
			Severity: severity.High, Actions: []string{"cloudtrail:DescribeTrails", "organizations:DescribeOrganization", "organizations:ListAccounts", "s3:ListBucket"}, Run: checkTrailAccounts},
		{ID: "trail-selectors", Title: "Management events are recorded, reads and writes", Asks: "Event selectors can leave out what rules are about; switching management events off is how trails are blinded.",
			Severity: severity.Critical, Actions: []string{"cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors"}, Run: checkSelectors},
		{ID: "trail-digests", Title: "Log file validation is on", Asks: "Without digests a changed or removed file cannot be told from one that never was.",
			Severity: severity.Medium, Actions: []string{"cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"}, Run: checkDigests},
	}
}

func checkCaller(ctx context.Context, e *Env) []Result {
	who, err := e.caller(ctx)
	if err != nil {
		return []Result{unknown("", err)}
	}
	return []Result{ok(who.arn, "account "+who.account+", region "+e.aws.Region)}
}

// forTrails asks of every trail; where trails cannot be had, or there are none,
// it says so.
func forTrails(ctx context.Context, e *Env, do func(trail) []Result) []Result {
	all, err := e.trails(ctx)
	if err != nil {
		return []Result{unknown("", err)}
	}
	return orNone(each(all, do), "there is no trail; see trail-exists")
}

func checkTrailExists(ctx context.Context, e *Env) []Result {
	all, err := e.trails(ctx)
	switch {
	case err != nil:
		return []Result{unknown(e.Trail, err)}
	case len(all) == 0 && e.Trail != "":
		return []Result{broken(e.Trail, "there is no trail of that name", "See aws cloudtrail describe-trails for names; a trail of another account is named by its ARN.")}
	case len(all) == 0:
		return []Result{broken("", "the account has no trail", "Make one: aws cloudtrail create-trail --is-multi-region-trail --enable-log-file-validation, then start-logging; or trailwarden deploy render.")}
	}
	return each(all, func(t trail) []Result {
		if t.bucket == "" {
			return []Result{broken(t.arn, "the trail delivers to no bucket", "Give it one: aws cloudtrail update-trail --s3-bucket-name NAME.")}
		}
		return []Result{ok(t.arn, "delivers to s3://"+t.bucket+"/"+t.prefix)}
	})
}

func checkTrailLogging(ctx context.Context, e *Env) []Result {
	return forTrails(ctx, e, func(t trail) []Result {
		s, err := e.status(ctx, t)
		if err != nil {
			return []Result{unknown(t.arn, err)}
		}
		if !aws.ToBool(s.IsLogging) {
			since := ""
			if s.StopLoggingTime != nil {
				since = " since " + s.StopLoggingTime.UTC().Format(time.RFC3339)
			}
			return []Result{broken(t.arn, "logging is off"+since, "aws cloudtrail start-logging --name "+t.arn+"; then ask who stopped it: trailwarden query with eventname = 'StopLogging'.")}
		}
		var out []Result
		for _, x := range []struct {
			target, fix string
			fault       *string
		}{
			{"the bucket", "The bucket is gone, its policy or the key's refuses CloudTrail: see bucket-policy and key-policy.", s.LatestDeliveryError},
			{"the topic", "The topic is gone, or its policy or key refuses CloudTrail: see topic-policy.", s.LatestNotificationError},
			{"the log group", "The log group or the delivery role is gone or refuses: see log-group.", s.LatestCloudWatchLogsDeliveryError},
			{"the bucket, of digests,", "See bucket-policy: digests lie under AWSLogs/ACCOUNT/CloudTrail-Digest/.", s.LatestDigestDeliveryError},
		} {
			if text := aws.ToString(x.fault); text != "" {
				out = append(out, broken(t.arn, "the last delivery to "+x.target+" failed: "+text, x.fix))
			}
		}
		return or(out, t.arn, "logging is on"+last(s.LatestDeliveryTime))
	})
}

func last(t *time.Time) string {
	if t == nil {
		return ""
	}
	return ", last delivery " + t.UTC().Format(time.RFC3339)
}

func checkTrailRegions(ctx context.Context, e *Env) []Result {
	all, err := e.trails(ctx)
	if err != nil {
		return []Result{unknown("", err)}
	}
	if len(all) == 0 {
		return none("there is no trail; see trail-exists")
	}
	if i := slices.IndexFunc(all, trail.everywhere); i >= 0 {
		return []Result{ok(all[i].arn, "covers all regions that are enabled, also those that will be")}
	}
	regions, err := e.regions(ctx)
	var out []Result
	if err != nil {
		out = append(out, unknown("regions", err))
	}
	var covered, bare []string
	for _, t := range all {
		covered = append(covered, t.home)
	}
	for _, r := range regions {
		if !slices.Contains(covered, r) {
			bare = append(bare, r)
		}
	}
	const fix = "Make one trail of all regions in place of many: aws cloudtrail update-trail --is-multi-region-trail."
	if len(bare) > 0 {
		return append(out, broken(strings.Join(bare, " "), fmt.Sprintf("%d regions have no trail", len(bare)), fix))
	}
	return append(out, warn(strings.Join(covered, " "), "each region has a trail of its own: the next region that is enabled will have none, and calls to global services may be recorded several times", fix))
}

func checkTrailAccounts(ctx context.Context, e *Env) []Result {
	all, err := e.trails(ctx)
	if err != nil {
		return []Result{unknown("", err)}
	}
	if len(all) == 0 {
		return none("there is no trail; see trail-exists")
	}
	org, err := e.organization(ctx)
	if err != nil {
		return []Result{unknown("organization", err)}
	}
	if org == "" {
		return none("the account is in no organization")
	}
	i := slices.IndexFunc(all, trail.organization)
	if i < 0 {
		return []Result{warn(org, "the organization has no organization trail that is seen from here: accounts are covered only if each has a trail of its own",
			"In the management account: aws cloudtrail create-trail --is-organization-trail --is-multi-region-trail.")}
	}
	return e.accountsWithFiles(ctx, all[i])
}

// accountsWithFiles compares the organization's accounts with those that have
// delivered.
func (e *Env) accountsWithFiles(ctx context.Context, t trail) []Result {
	members, err := e.members(ctx)
	if err != nil {
		return []Result{unknown(t.arn, err)}
	}
	found, err := e.delivering(ctx, t.place())
	if err != nil {
		return []Result{unknown("s3://"+t.bucket, err)}
	}
	var bare []string
	for _, m := range members {
		if !slices.Contains(found.Accounts, m) {
			bare = append(bare, m)
		}
	}
	if len(bare) > 0 {
		return []Result{warn(strings.Join(bare, " "), fmt.Sprintf("%d of %d active accounts have no files in s3://%s", len(bare), len(members), t.bucket),
			"An account that is new or has not opted in to the trail's home region delivers nothing yet; otherwise see trail-logging in that account.")}
	}
	return []Result{ok(t.arn, fmt.Sprintf("all %d active accounts have files", len(members)))}
}

func checkDigests(ctx context.Context, e *Env) []Result {
	return forTrails(ctx, e, func(t trail) []Result {
		if aws.ToBool(t.LogFileValidationEnabled) {
			return []Result{ok(t.arn, "digests are written; trailwarden verify checks them")}
		}
		return []Result{broken(t.arn, "log file validation is off: files can be changed or removed without a trace", "aws cloudtrail update-trail --enable-log-file-validation --name "+t.arn)}
	})
}
