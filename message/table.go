package message

import (
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/message/mask"
)

const maxColumns = 50

// rows makes a table of findings that scheduled queries made. Queries choose
// their columns; a row that lacks one has an empty cell.
func (b *Builder) rows(m *Message, samples []alert.Sample) {
	var rows [][]alert.Label
	var columns []string
	for _, s := range samples {
		for _, l := range s.Row {
			if !slices.Contains(columns, l.Name) && len(columns) < maxColumns {
				columns = append(columns, l.Name)
			}
		}
		if len(s.Row) > 0 {
			rows = append(rows, s.Row)
		}
	}
	if len(rows) == 0 {
		return
	}
	cells := make([][]string, len(rows))
	for i, row := range rows {
		for _, c := range columns {
			value, _ := field(row, c)
			cells[i] = append(cells[i], value)
		}
	}
	b.table(m, columns, cells, max(0, m.Count-int64(len(rows))))
}

// table fills a message's table, masked and bounded; a secret's column is
// masked as a whole.
func (b *Builder) table(m *Message, columns []string, rows [][]string, more int64) {
	columns = columns[:min(len(columns), maxColumns)]
	for _, c := range columns {
		m.Columns = append(m.Columns, b.clean(c))
	}
	m.More = more + int64(max(0, len(rows)-b.Limits.Rows))
	for _, row := range rows[:min(len(rows), b.Limits.Rows)] {
		cells := make([]string, len(columns))
		for i := range min(len(row), len(columns)) {
			cells[i] = b.clean(row[i])
			if mask.SecretKey(columns[i]) && row[i] != "" {
				cells[i] = mask.Shown
			} else if t := strings.TrimSpace(row[i]); strings.HasPrefix(t, "{") || strings.HasPrefix(t, "[") {
				cells[i] = b.cell(row[i])
			}
		}
		m.Rows = append(m.Rows, cells)
	}
}

// cell is a text that may hold JSON.
func (b *Builder) cell(s string) string {
	out, _ := mask.JSON(cloudtrail.ValueOf(quote(s)), mask.Limits{Bytes: 6*b.Limits.Text + 256, Text: b.Limits.Text, Items: 50, Depth: 12})
	return cloudtrail.ValueOf(out).Str()
}

func field(row []alert.Label, name string) (string, bool) {
	for _, l := range row {
		if l.Name == name {
			return l.Value, true
		}
	}
	return "", false
}

// column is a row's value under one of several names, in any case: SQL knows
// none.
func column(row []alert.Label, names ...string) string {
	for _, n := range names {
		for _, l := range row {
			if strings.EqualFold(l.Name, n) && l.Value != "" {
				return l.Value
			}
		}
	}
	return ""
}

// ofRow reads who, what, where and from where of a row that has the columns of a
// CloudTrail table, or names like them.
func (b *Builder) ofRow(row []alert.Label) (who Who, what What, where Where, from Origin) {
	col := func(names ...string) string { return b.clean(column(row, names...)) }
	who = Who{ARN: col("useridentity.arn", "arn", "useridentity_arn"), Type: col("useridentity.type", "usertype", "type"),
		Account: col("useridentity.accountid")}
	who.Name = firstText(col("actor", "username", "useridentity.username", "identity", "user", "principal"), who.ARN)
	if who.ARN == "" && strings.HasPrefix(who.Name, "arn:") {
		who.ARN = who.Name
	}
	what = What{Action: col("eventname", "event_name", "action"), Service: col("eventsource", "event_source", "source"),
		ErrorCode: col("errorcode", "error_code"), Error: col("errormessage", "error_message"), ReadOnly: col("readonly")}
	what.Words, what.Product = b.words.plainly(what.Action), b.product(what.Service)
	code := column(row, "awsregion", "region", "aws_region")
	where = Where{Account: col("recipientaccountid", "account", "accountid", "account_id"), Region: b.clean(code)}
	b.placeOf(&where, column(row, "recipientaccountid", "account", "accountid", "account_id"), code)
	from = b.originOf(col("sourceipaddress", "source_ip", "ip"), column(row, "useragent", "user_agent"), false)
	return who, what, where, from
}

// rowEvent completes an event that is a row and no record.
func (v *view) rowEvent(e *Event) {
	who, what, where, from := v.ofRow(v.sample.Row)
	e.Who, e.Action, e.Service, e.Account, e.Region, e.IP = who.Name, what.Action, what.Service, where.Account, where.Region, from.IP
	e.Error = firstText(what.ErrorCode, what.Error)
	e.ID = v.clean(column(v.sample.Row, "eventid", "event_id"))
}
