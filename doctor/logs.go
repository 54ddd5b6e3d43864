package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/internal/iampolicy"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
	"github.com/trailwarden/trailwarden/severity"
)

func logChecks() []Check {
	filters := []string{"cloudtrail:DescribeTrails", "logs:DescribeMetricFilters"}
	return []Check{
		{ID: "log-group", Title: "The log group gets the events", Asks: "For a trail that writes to CloudWatch Logs: does the group exist, and may the delivery role write there?",
			Severity: severity.High, Actions: []string{"cloudtrail:DescribeTrails", "logs:DescribeLogGroups", "iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:GetPolicy", "iam:GetPolicyVersion"}, Run: checkLogGroup},
		{ID: "metric-filters", Title: "Metric filters mean what was meant", Asks: "Each filter's pattern is linted: conditions that always hold, fields that do not exist, reads told by their names.",
			Severity: severity.High, Actions: filters, Run: checkFilters},
		{ID: "filter-alarms", Title: "A metric filter has an alarm that tells", Asks: "Is there an alarm on the filter's metric, are its actions on, and do its settings let every burst be heard?",
			Severity: severity.High, Actions: append(filters, "cloudwatch:DescribeAlarmsForMetric"), Run: checkAlarms},
	}
}

// groupARN is the ARN of the log group that a trail writes to, without the final
// asterisk.
func groupARN(t trail) string {
	return strings.TrimSuffix(aws.ToString(t.CloudWatchLogsLogGroupArn), ":*")
}

func groupName(arn string) string {
	_, name, _ := strings.Cut(arn, ":log-group:")
	return name
}

// groups are the log groups of all trails.
func (e *Env) groups(ctx context.Context) (all []string, err error) {
	trails, err := e.trails(ctx)
	for _, t := range trails {
		if g := groupARN(t); g != "" {
			all = append(all, g)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), err
}

// fromGroup follows the subscriptions of a log group.
func (e *Env) fromGroup(ctx context.Context, w *web, group string) {
	name := groupName(group)
	out, err := cloudwatchlogs.NewFromConfig(e.in(regionOf(group))).DescribeSubscriptionFilters(ctx, &cloudwatchlogs.DescribeSubscriptionFiltersInput{LogGroupName: &name})
	if missing(err) {
		return // log-group says so
	}
	if err != nil {
		w.gap(group, err)
		return
	}
	for _, f := range out.SubscriptionFilters {
		e.follow(ctx, w, edge{from: group + ":*", to: aws.ToString(f.DestinationArn), service: "logs.amazonaws.com", account: iampolicy.AccountOf(group)})
	}
}

func checkLogGroup(ctx context.Context, e *Env) []Result {
	return forTrails(ctx, e, func(t trail) []Result {
		group := groupARN(t)
		if group == "" {
			return none(t.arn + " does not write to CloudWatch Logs")
		}
		name := groupName(group)
		out, err := cloudwatchlogs.NewFromConfig(e.in(regionOf(group))).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
		if err != nil {
			return []Result{unknown(group, err)}
		}
		if !slices.ContainsFunc(out.LogGroups, func(g logstypes.LogGroup) bool { return aws.ToString(g.LogGroupName) == name }) {
			return []Result{broken(group, "there is no such log group", "aws logs create-log-group --log-group-name "+name)}
		}
		return e.deliveryRole(ctx, t, group)
	})
}

func (e *Env) deliveryRole(ctx context.Context, t trail, group string) (out []Result) {
	name := aws.ToString(t.CloudWatchLogsRoleArn)
	r, err := e.role(ctx, name)
	switch {
	case missing(err):
		return []Result{broken(name, "the role that CloudTrail delivers with does not exist", "Make it, or give the trail another: aws cloudtrail update-trail --cloud-watch-logs-role-arn ARN.")}
	case err != nil:
		return []Result{unknown(name, err)}
	}
	if may, why := r.becomes("cloudtrail.amazonaws.com", t.arn); !may {
		out = append(out, broken(name, "CloudTrail may not become the role: "+why, "Let cloudtrail.amazonaws.com call sts:AssumeRole in its trust policy."))
	}
	stream := group + ":log-stream:" + t.owner + "_CloudTrail_" + t.home
	for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
		if may, why := r.may(action, stream, nil); !may {
			out = append(out, broken(name, "CloudTrail may not call "+action+": "+why, "Allow it on "+group+":log-stream:"+t.owner+"_CloudTrail_"+t.home+"*."))
		}
	}
	return or(out, group, "the group exists and the role may write")
}

// filters are the metric filters of the trails' log groups.
func (e *Env) filters(ctx context.Context) ([]logstypes.MetricFilter, error) {
	return asked(e, "metric filters", func() (all []logstypes.MetricFilter, err error) {
		groups, err := e.groups(ctx)
		if err != nil {
			return nil, err
		}
		for _, g := range groups {
			pages := cloudwatchlogs.NewDescribeMetricFiltersPaginator(cloudwatchlogs.NewFromConfig(e.in(regionOf(g))), &cloudwatchlogs.DescribeMetricFiltersInput{LogGroupName: aws.String(groupName(g))})
			for i := 0; pages.HasMorePages() && i < maxSteps; i++ {
				page, err := pages.NextPage(ctx)
				if missing(err) {
					break
				}
				if err != nil {
					return nil, err
				}
				all = append(all, page.MetricFilters...)
			}
		}
		return all, nil
	})
}

func checkFilters(ctx context.Context, e *Env) []Result {
	filters, err := e.filters(ctx)
	if err != nil {
		return []Result{unknown("", err)}
	}
	var out []Result
	for _, f := range filters {
		out = append(out, lintFilter(f)...)
	}
	return orNone(out, "there are no metric filters on a trail's log group")
}

func lintFilter(f logstypes.MetricFilter) (out []Result) {
	name := aws.ToString(f.LogGroupName) + " " + aws.ToString(f.FilterName)
	p, list := filterpattern.Parse(aws.ToString(f.FilterPattern))
	if p != nil {
		list = append(list, p.Lint(catalog.Default())...)
	}
	for _, d := range list {
		cause, fix := d.Code+": "+d.Message, d.Fix
		switch d.Severity {
		case diagnostic.Error:
			out = append(out, broken(name, cause, fix))
		case diagnostic.Warning:
			out = append(out, warn(name, cause, fix))
		case diagnostic.Note:
		}
	}
	return or(out, name, "lint has nothing to say")
}

func checkAlarms(ctx context.Context, e *Env) []Result {
	filters, err := e.filters(ctx)
	if err != nil {
		return []Result{unknown("", err)}
	}
	groups, _ := e.groups(ctx)
	return orNone(each(filters, func(f logstypes.MetricFilter) (out []Result) {
		region := e.aws.Region
		for _, g := range groups {
			if groupName(g) == aws.ToString(f.LogGroupName) {
				region = regionOf(g)
			}
		}
		for _, m := range f.MetricTransformations {
			out = append(out, e.alarms(ctx, region, m)...)
		}
		return out
	}), "there are no metric filters on a trail's log group")
}

func (e *Env) alarms(ctx context.Context, region string, m logstypes.MetricTransformation) (out []Result) {
	name := aws.ToString(m.MetricNamespace) + "/" + aws.ToString(m.MetricName)
	got, err := cloudwatch.NewFromConfig(e.in(region)).DescribeAlarmsForMetric(ctx, &cloudwatch.DescribeAlarmsForMetricInput{Namespace: m.MetricNamespace, MetricName: m.MetricName})
	if err != nil {
		return []Result{unknown(name, err)}
	}
	if len(got.MetricAlarms) == 0 {
		return []Result{broken(name, "no alarm watches the metric: the filter counts and nobody is told", "aws cloudwatch put-metric-alarm with this metric, statistic Sum, threshold 1, and a topic as action.")}
	}
	for _, a := range got.MetricAlarms {
		out = append(out, alarm(a)...)
	}
	return or(out, name, fmt.Sprintf("%d alarms", len(got.MetricAlarms)))
}

func alarm(a cwtypes.MetricAlarm) (out []Result) {
	name := aws.ToString(a.AlarmName)
	if !aws.ToBool(a.ActionsEnabled) || len(a.AlarmActions) == 0 {
		out = append(out, broken(name, "the alarm has no action that is on: it changes its colour and tells nobody", "Add a topic to its alarm actions and enable them."))
	}
	if t := aws.ToString(a.TreatMissingData); t == "breaching" || t == "ignore" {
		out = append(out, warn(name, "missing data are taken as "+t+", and where nothing matches data are missing", "Set TreatMissingData to notBreaching."))
	}
	if a.Statistic != "" && a.Statistic != cwtypes.StatisticSum && a.Statistic != cwtypes.StatisticMaximum {
		out = append(out, warn(name, "the statistic is "+string(a.Statistic)+" of values that are all 1", "Use Sum."))
	}
	return out
}
