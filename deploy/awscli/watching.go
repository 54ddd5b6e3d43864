package awscli

import "github.com/trailwarden/trailwarden/deploy/plan"

func (g *script) logGroup() {
	name := g.word("LogGroupName")
	g.do("ensure_log_group", name)
	if g.get("RetentionInDays") != nil {
		g.do("aws logs put-retention-policy --log-group-name", name, "--retention-in-days", g.word("RetentionInDays"))
	}
	if g.get("KmsKeyId") != nil {
		g.do("retry aws logs associate-kms-key --log-group-name", name, "--kms-key-id", g.word("KmsKeyId"))
	}
	g.undo("gone aws logs delete-log-group --log-group-name", name)
}

func (g *script) metricFilter() {
	definition := append(g.entry("FilterName", "filterName"), g.entry("LogGroupName", "logGroupName")...)
	definition = append(definition, g.entry("FilterPattern", "filterPattern")...)
	names := map[string]string{"MetricName": "metricName", "MetricNamespace": "metricNamespace", "MetricValue": "metricValue", "DefaultValue": "defaultValue", "Unit": "unit"}
	definition = append(definition, plan.Entry{Key: "metricTransformations", Value: renamed(g.get("MetricTransformations"), names)})
	g.do("aws logs put-metric-filter --cli-input-json", document(g.json(definition)))
	g.undo("gone aws logs delete-metric-filter --log-group-name", g.word("LogGroupName"), "--filter-name", g.word("FilterName"))
}

func (g *script) follow() {
	var definition plan.Map
	for _, n := range []struct{ from, to string }{{"FilterName", "filterName"}, {"LogGroupName", "logGroupName"}, {"FilterPattern", "filterPattern"},
		{"DestinationArn", "destinationArn"}, {"RoleArn", "roleArn"}, {"Distribution", "distribution"}} {
		definition = append(definition, g.entry(n.from, n.to)...)
	}
	g.do("retry aws logs put-subscription-filter --cli-input-json", document(g.json(definition)))
	g.undo("gone aws logs delete-subscription-filter --log-group-name", g.word("LogGroupName"), "--filter-name", g.word("FilterName"))
}

func (g *script) alarm() {
	definition := g.same("AlarmName", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions", "MetricName", "Namespace", "Statistic",
		"ExtendedStatistic", "Dimensions", "Period", "Unit", "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData", "Metrics", "Tags")
	g.do("aws cloudwatch put-metric-alarm --cli-input-json", document(g.json(definition)))
	g.undo("gone aws cloudwatch delete-alarms --alarm-names", g.word("AlarmName"))
}

func (g *script) trail() {
	name := g.word("TrailName")
	definition := append(g.entry("TrailName", "Name"), g.same("S3BucketName", "S3KeyPrefix", "SnsTopicName", "IncludeGlobalServiceEvents", "IsMultiRegionTrail",
		"IsOrganizationTrail", "EnableLogFileValidation", "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn")...)
	definition = append(definition, g.entry("KMSKeyId", "KmsKeyId")...)
	g.do("ensure_trail", name, document(g.json(definition)))
	for _, s := range []struct{ property, command, option string }{
		{"EventSelectors", "put-event-selectors", "--event-selectors"}, {"AdvancedEventSelectors", "put-event-selectors", "--advanced-event-selectors"},
		{"InsightSelectors", "put-insight-selectors", "--insight-selectors"}} {
		if v := g.get(s.property); v != nil {
			g.do("aws cloudtrail", s.command, "--trail-name", name, s.option, document(g.json(v)), ">/dev/null")
		}
	}
	if g.get("IsLogging") == plan.Value(plan.Bool(true)) {
		g.do("aws cloudtrail start-logging --name", name)
	}
	g.undo("gone aws cloudtrail delete-trail --name", name)
}

func (g *script) database() {
	g.nothing("CatalogId")
	in, _ := g.get("DatabaseInput").(plan.Map)
	name := quoted(g.text(in.Get("Name")))
	g.do("ensure_database", name, document(g.json(in)))
	g.undo("gone aws glue delete-database --name", name)
}

func (g *script) glueTable() {
	g.nothing("CatalogId")
	in, _ := g.get("TableInput").(plan.Map)
	database, name := g.word("DatabaseName"), quoted(g.text(in.Get("Name")))
	g.do("ensure_glue_table", database, name, document(g.json(in)))
	g.undo("gone aws glue delete-table --database-name", database, "--name", name)
}

func (g *script) workgroup() {
	name := g.word("Name")
	definition := append(g.same("Name", "Description"), g.entry("WorkGroupConfiguration", "Configuration")...)
	update := append(append(g.entry("Name", "WorkGroup"), g.same("Description", "State")...), plan.Entry{Key: "ConfigurationUpdates",
		Value: renamed(g.get("WorkGroupConfiguration"), map[string]string{"ResultConfiguration": "ResultConfigurationUpdates"})})
	g.do("ensure_workgroup", name, document(g.json(definition)), document(g.json(update)))
	remove := "gone aws athena delete-work-group --work-group " + name
	if g.get("RecursiveDeleteOption") == plan.Value(plan.Bool(true)) {
		remove += " --recursive-delete-option"
	}
	g.undo(remove)
}

func (g *script) namedQuery() {
	group := "primary"
	if g.get("WorkGroup") != nil {
		group = g.word("WorkGroup")
	}
	g.do("ensure_named_query", group, g.word("Name"), document(g.json(g.same("Name", "Description", "Database", "QueryString", "WorkGroup"))))
	g.undo("remove_named_query", group, g.word("Name"))
}
