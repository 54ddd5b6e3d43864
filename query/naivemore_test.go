package query_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
)

// text is the text at a dotted path; empty for NULL.
func (e event) text(path string) string {
	s, _ := e.at(strings.Split(path, ".")...)
	return s
}

// hour is the hour of the event, as date_trunc shows it.
func (e event) hour() string {
	at, err := time.Parse(time.RFC3339, e.text("eventTime"))
	if err != nil {
		return "NULL"
	}
	return at.UTC().Truncate(time.Hour).Format("2006-01-02 15:04:05.000 UTC")
}

// grouped answers what a query with GROUP BY gives of each group; a key of ""
// belongs to none.
func grouped(key func(event) string, row func(key string, group []event) string) func([]event) []string {
	return func(events []event) (all []string) {
		groups := map[string][]event{}
		for _, e := range events {
			if k := key(e); k != "" {
				groups[k] = append(groups[k], e)
			}
		}
		for k, group := range groups {
			if r := row(k, group); r != "" {
				all = append(all, r)
			}
		}
		return all
	}
}

// distinct are the different texts at a path, sorted; NULL is none.
func distinct(events []event, path string) []string {
	set := map[string]bool{}
	for _, e := range events {
		if s, ok := e.at(strings.Split(path, ".")...); ok {
			set[s] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

func earliest(events []event) string {
	return slices.MinFunc(events, func(a, b event) int { return strings.Compare(a.text("eventTime"), b.text("eventTime")) }).text("eventTime")
}

func latest(events []event) string {
	return slices.MaxFunc(events, func(a, b event) int { return strings.Compare(a.text("eventTime"), b.text("eventTime")) }).text("eventTime")
}

func failed(events []event) (n int) {
	for _, e := range events {
		if !e.null("errorCode") {
			n++
		}
	}
	return n
}

// moreQuestions have the forms of published queries: groups, windows, WITH,
// subqueries, arrays, addresses and times.
func moreQuestions() []question {
	arn := func(e event) string { return e.text("userIdentity.arn") }
	name := func(e event) string { return e.text("eventName") }
	return []question{
		{sql: "SELECT useridentity.arn, min(eventtime), max(eventtime), count(*) FROM t WHERE useridentity.arn IS NOT NULL GROUP BY 1",
			all: grouped(arn, func(k string, g []event) string { return fmt.Sprintf("%s|%s|%s|%d", k, earliest(g), latest(g), len(g)) })},
		{sql: "SELECT useridentity.arn, array_join(array_agg(DISTINCT eventsource ORDER BY eventsource), ',') FROM t WHERE useridentity.arn <> '' GROUP BY useridentity.arn",
			all: grouped(arn, func(k string, g []event) string { return k + "|" + strings.Join(distinct(g, "eventSource"), ",") })},
		{sql: "SELECT eventname, approx_distinct(sourceipaddress), count(DISTINCT awsregion) FROM t GROUP BY eventname",
			all: grouped(name, func(k string, g []event) string {
				return fmt.Sprintf("%s|%d|%d", k, len(distinct(g, "sourceIPAddress")), len(distinct(g, "awsRegion")))
			})},
		{sql: "SELECT date_trunc('hour', from_iso8601_timestamp(eventtime)), count(*) FROM t GROUP BY 1", rows: func(e event) []string { return []string{e.hour()} }, count: true},
		{sql: "SELECT eventname, count_if(errorcode IS NOT NULL), count(*) FILTER (WHERE errorcode IS NULL) FROM t GROUP BY eventname HAVING count(*) > 10",
			all: grouped(name, func(k string, g []event) string {
				if len(g) <= 10 {
					return ""
				}
				return fmt.Sprintf("%s|%d|%d", k, failed(g), len(g)-failed(g))
			})},
		{sql: "SELECT eventname, round(100.0 * count(errorcode) / count(*), 1) FROM t GROUP BY eventname",
			all: grouped(name, func(k string, g []event) string {
				tenths := (2*1000*failed(g) + len(g)) / (2 * len(g)) // to the nearest, half up
				return fmt.Sprintf("%s|%d.%d", k, tenths/10, tenths%10)
			})},
		{sql: "WITH denied AS (SELECT useridentity.arn AS who, eventname FROM t WHERE errorcode IN ('AccessDenied', 'Client.UnauthorizedOperation')) SELECT who, count(*) FROM denied GROUP BY who",
			where: func(e event) bool { return e.is("errorCode", "AccessDenied", "Client.UnauthorizedOperation") }, rows: one("userIdentity.arn"), count: true},
		{sql: "SELECT eventid FROM (SELECT eventid, row_number() OVER (PARTITION BY eventname ORDER BY eventtime, eventid) AS n FROM t) WHERE n = 1",
			all: grouped(name, func(_ string, g []event) string {
				return slices.MinFunc(g, func(a, b event) int {
					return strings.Compare(a.text("eventTime")+a.text("eventID"), b.text("eventTime")+b.text("eventID"))
				}).text("eventID")
			})},
		{sql: "SELECT DISTINCT eventname FROM t WHERE eventsource IN (SELECT eventsource FROM t WHERE errorcode IS NOT NULL)", all: func(events []event) []string {
			sources := map[string]bool{}
			for _, e := range events {
				sources[e.text("eventSource")] = sources[e.text("eventSource")] || !e.null("errorCode")
			}
			return distinct(slices.DeleteFunc(slices.Clone(events), func(e event) bool { return !sources[e.text("eventSource")] }), "eventName")
		}},
		{sql: "SELECT DISTINCT a.eventname FROM t a WHERE NOT EXISTS (SELECT 1 FROM t b WHERE b.eventname = a.eventname AND b.errorcode IS NOT NULL)",
			all: grouped(name, func(k string, g []event) string {
				if failed(g) > 0 {
					return ""
				}
				return k
			})},
		{sql: "SELECT eventid, element_at(split(useridentity.arn, '/'), -1) FROM t WHERE useridentity.arn LIKE 'arn:aws:sts::%'",
			where: func(e event) bool { return strings.HasPrefix(arn(e), "arn:aws:sts::") }, rows: func(e event) []string {
				return []string{e.cell("eventID") + "|" + arn(e)[strings.LastIndex(arn(e), "/")+1:]}
			}},
		{sql: "SELECT regexp_extract(useridentity.arn, 'arn:aws[a-z-]*:(iam|sts)::([0-9]+):', 2), count(*) FROM t GROUP BY 1", rows: func(e event) []string {
			if m := regexp.MustCompile(`arn:aws[a-z-]*:(iam|sts)::([0-9]+):`).FindStringSubmatch(arn(e)); m != nil {
				return []string{m[2]}
			}
			return []string{"NULL"}
		}, count: true},
		{sql: "SELECT sourceipaddress, count(*) FROM t WHERE contains('10.0.0.0/8', TRY_CAST(sourceipaddress AS ipaddress)) OR regexp_like(sourceipaddress, '^192\\.') GROUP BY 1", where: func(e event) bool {
			a, err := netip.ParseAddr(e.text("sourceIPAddress"))
			return err == nil && netip.MustParsePrefix("10.0.0.0/8").Contains(a) || strings.HasPrefix(e.text("sourceIPAddress"), "192.")
		}, rows: one("sourceIPAddress"), count: true},
		{sql: "SELECT eventid FROM t WHERE date_diff('minute', from_iso8601_timestamp('2023-07-10T12:00:00Z'), from_iso8601_timestamp(eventtime)) BETWEEN 0 AND 4", where: func(e event) bool {
			at, err := time.Parse(time.RFC3339, e.text("eventTime"))
			minutes := at.Sub(time.Date(2023, 7, 10, 12, 0, 0, 0, time.UTC)) / time.Minute
			return err == nil && minutes >= 0 && minutes <= 4
		}, rows: one("eventID")},
		{sql: "SELECT if(readonly = 'true', 'reads', 'writes'), eventsource, count(*) FROM t GROUP BY 1, 2", rows: func(e event) []string {
			kind := "writes"
			if e.is("readOnly", "true") {
				kind = "reads"
			}
			return []string{kind + "|" + e.cell("eventSource")}
		}, count: true},
		{sql: "SELECT CASE WHEN useridentity.type = 'AssumedRole' THEN useridentity.sessioncontext.sessionissuer.arn WHEN useridentity.type = 'IAMUser' THEN useridentity.arn ELSE useridentity.type END, count(*) FROM t GROUP BY 1",
			rows: func(e event) []string {
				switch e.text("userIdentity.type") {
				case "AssumedRole":
					return []string{e.cell("userIdentity", "sessionContext", "sessionIssuer", "arn")}
				case "IAMUser":
					return []string{e.cell("userIdentity", "arn")}
				}
				return []string{e.cell("userIdentity", "type")}
			}, count: true},
		{sql: "SELECT eventid, k FROM t CROSS JOIN UNNEST(map_keys(CAST(json_parse(requestparameters) AS map(varchar, json)))) AS u(k) WHERE eventsource = 'iam.amazonaws.com'",
			where: func(e event) bool { return e.is("eventSource", "iam.amazonaws.com") }, rows: func(e event) (all []string) {
				m, _ := e["requestParameters"].(map[string]any)
				for k := range m {
					all = append(all, e.cell("eventID")+"|"+k)
				}
				return all
			}},
		{sql: "SELECT json_extract_scalar(i, '$.instanceId') FROM t CROSS JOIN UNNEST(CAST(json_extract(requestparameters, '$.instancesSet.items') AS array(json))) AS u(i)",
			rows: func(e event) (all []string) {
				set, _ := e["requestParameters"].(map[string]any)
				items, _ := set["instancesSet"].(map[string]any)
				list, _ := items["items"].([]any)
				for _, i := range list {
					m, _ := i.(map[string]any)
					all = append(all, event(m).cell("instanceId"))
				}
				return all
			}},
		{sql: "SELECT eventid, json_extract(requestparameters, '$.policyDocument') FROM t WHERE json_extract(requestparameters, '$.policyDocument') IS NOT NULL",
			where: func(e event) bool {
				m, _ := e["requestParameters"].(map[string]any)
				_, ok := m["policyDocument"]
				return ok
			}, rows: func(e event) []string {
				m, _ := e["requestParameters"].(map[string]any)
				text, isText := m["policyDocument"].(string)
				if !isText {
					return []string{e.cell("eventID") + "|" + e.cell("requestParameters", "policyDocument")}
				}
				b, _ := json.Marshal(text)
				return []string{e.cell("eventID") + "|" + strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(b))}
			}},
		{sql: "SELECT accesskey, awsregion, grouping(accesskey, awsregion), count(*) FROM (SELECT useridentity.accesskeyid AS accesskey, awsregion FROM t) GROUP BY GROUPING SETS ((accesskey), (awsregion))", all: func(events []event) (all []string) {
			counts := map[string]int{}
			for _, e := range events {
				counts[e.cell("userIdentity", "accessKeyId")+"|NULL|1"]++
				counts["NULL|"+e.cell("awsRegion")+"|2"]++
			}
			for row, n := range counts {
				all = append(all, fmt.Sprintf("%s|%d", row, n))
			}
			return all
		}},
		{sql: "SELECT eventname FROM t WHERE awsregion = 'us-east-1' EXCEPT SELECT eventname FROM t WHERE errorcode IS NOT NULL", all: func(events []event) []string {
			here := distinct(slices.DeleteFunc(slices.Clone(events), func(e event) bool { return !e.is("awsRegion", "us-east-1") }), "eventName")
			wrong := distinct(slices.DeleteFunc(slices.Clone(events), func(e event) bool { return e.null("errorCode") }), "eventName")
			return slices.DeleteFunc(here, func(s string) bool { return slices.Contains(wrong, s) })
		}},
		{sql: "SELECT a.eventid, b.eventid FROM t a JOIN t b ON json_extract_scalar(a.responseelements, '$.credentials.accessKeyId') = b.useridentity.accesskeyid WHERE a.eventname = 'AssumeRole'",
			all: func(events []event) (all []string) {
				for _, a := range events {
					key := a.text("responseElements.credentials.accessKeyId")
					for _, b := range events {
						if key != "" && a.is("eventName", "AssumeRole") && b.text("userIdentity.accessKeyId") == key {
							all = append(all, a.cell("eventID")+"|"+b.cell("eventID"))
						}
					}
				}
				return all
			}},
	}
}
