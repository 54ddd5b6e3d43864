package topology

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deploy/plan"
)

// permissions are the statements that follow from the configuration: store,
// secrets, sinks, enrichment and queries, as far as each is there.
func (s *stack) permissions() ([]plan.Statement, error) {
	out := s.store()
	for _, f := range []func() ([]plan.Statement, error){s.secrets, s.sinks, s.queries} {
		more, err := f()
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return append(out, s.enrichment()...), nil
}

// table adds the table that alerts are kept in, as the store's package has it.
func (s *stack) table() error {
	t := s.b.cfg.Store.DynamoDB
	if t == nil {
		return fmt.Errorf("store: this topology keeps alerts in a table: give store: {dynamodb: {table: %s}}", s.b.name("alerts"))
	}
	if s.b.reuses("table") {
		return nil
	}
	attribute := func(name string) plan.Map { return plan.Fields("AttributeName", name, "AttributeType", "S") }
	keys := func(hash, sort string) plan.List {
		return plan.List{plan.Fields("AttributeName", hash, "KeyType", "HASH"), plan.Fields("AttributeName", sort, "KeyType", "RANGE")}
	}
	r := s.add("Table", "AWS::DynamoDB::Table", "Alerts, the outbox and what was seen already: one alert is one alert, however many copies of the function run.",
		"TableName", t.Table, "BillingMode", "PAY_PER_REQUEST", "KeySchema", keys("pk", "sk"),
		"AttributeDefinitions", plan.List{attribute("pk"), attribute("sk"), attribute("l"), attribute("o")},
		"GlobalSecondaryIndexes", plan.List{plan.Fields("IndexName", "list", "KeySchema", keys("l", "o"),
			"Projection", plan.Fields("ProjectionType", "INCLUDE", "NonKeyAttributes", []string{"w"}))},
		"TimeToLiveSpecification", plan.Fields("AttributeName", "ttl", "Enabled", true),
		"PointInTimeRecoverySpecification", plan.Fields("PointInTimeRecoveryEnabled", true))
	r.Retain = true
	s.b.costs("The table: 1.25 USD for a million writes, 0.25 USD for a million reads; only findings are written, not records.")
	return nil
}

// tableARN is of the store's table, wherever the configuration says it is.
func (s *stack) tableARN(t *config.DynamoDB) plan.Value {
	if !s.b.reuses("table") && s.Resource("Table") != nil {
		return plan.Attr{ID: "Table", Name: "Arn"}
	}
	region := plan.Value(plan.Text(t.Region))
	if t.Region == "" {
		region = s.home()
	}
	return plan.ARNIn("dynamodb", region, plan.AccountID, "table/"+t.Table)
}

func (s *stack) store() []plan.Statement {
	t := s.b.cfg.Store.DynamoDB
	if t == nil {
		return nil
	}
	table := s.tableARN(t)
	out := []plan.Statement{
		{Sid: "KeepAlerts", Resources: []plan.Value{table}, Why: "Alerts, the outbox and windows are read and written in transactions.",
			Actions: []string{"dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"}},
		{Sid: "ListAlerts", Resources: []plan.Value{plan.Concat(table, "/index/list")}, Actions: []string{"dynamodb:Query"}, Why: "Alerts by their state, from the table's one index."},
	}
	return append(out, assume("AssumeForStore", t.Role, "the store")...)
}

// assume lets the function take a role that the configuration names.
func assume(sid, role, what string) []plan.Statement {
	if role == "" {
		return nil
	}
	return []plan.Statement{{Sid: sid, Actions: []string{"sts:AssumeRole"}, Resources: []plan.Value{plan.Text(role)}, Why: "The configuration names this role for " + what + "."}}
}

// secrets lets the function fetch exactly the secrets that its sinks refer to.
func (s *stack) secrets() ([]plan.Statement, error) {
	var managed, stored []plan.Value
	for i := range s.b.cfg.Sinks {
		if !s.b.cfg.Sinks[i].Enabled {
			continue
		}
		for _, ref := range config.SecretsIn(&s.b.cfg.Sinks[i]) {
			name := strings.TrimPrefix(ref.Reference(), ref.Scheme()+":")
			switch ref.Scheme() {
			case config.SchemeManager:
				managed = append(managed, s.secretARN(name))
			case config.SchemeSSM:
				stored = append(stored, s.parameterARN(name))
			}
		}
	}
	var out []plan.Statement
	if len(managed) > 0 {
		out = append(out, plan.Statement{Sid: "FetchSecrets", Actions: []string{"secretsmanager:GetSecretValue"}, Resources: unique(managed),
			Why: "The secrets that the sinks refer to; the six characters are those that Secrets Manager puts behind a name."})
	}
	if len(stored) > 0 {
		out = append(out, plan.Statement{Sid: "FetchParameters", Actions: []string{"ssm:GetParameter"}, Resources: unique(stored),
			Why: "The parameters that the sinks refer to, decrypted."})
	}
	if len(out) > 0 {
		s.b.note("Secrets that are encrypted with a KMS key of your own need kms:Decrypt on that key as well; those with AWS's default keys do not.")
	}
	return out, nil
}

func (s *stack) secretARN(name string) plan.Value {
	name, _, _ = strings.Cut(name, "#")
	if arn.IsARN(name) {
		return plan.Text(name)
	}
	return plan.ARN("secretsmanager", "secret:"+name+"-??????")
}

func (s *stack) parameterARN(name string) plan.Value {
	if arn.IsARN(name) {
		return plan.Text(name)
	}
	return plan.ARN("ssm", "parameter/"+strings.TrimPrefix(name, "/"))
}

// unique keeps the first of equal values.
func unique(all []plan.Value) (out []plan.Value) {
	seen := map[string]bool{}
	for _, v := range all {
		if k := fmt.Sprintf("%#v", v); !seen[k] {
			seen[k] = true
			out = append(out, v)
		}
	}
	return out
}

// sinks lets the function tell the sinks that AWS carries.
func (s *stack) sinks() (out []plan.Statement, err error) {
	for i := range s.b.cfg.Sinks {
		k := &s.b.cfg.Sinks[i]
		if !k.Enabled {
			continue
		}
		word := sid(k.Name)
		switch {
		case k.SNS != nil:
			out = append(out, s.publish(word, k.SNS)...)
		case k.SES != nil:
			out = append(out, s.mail(word, k.Name, k.SES)...)
		case k.SecurityHub != nil:
			out = append(out, s.hub(word, k.SecurityHub)...)
		case k.EventBridge != nil:
			out = append(out, plan.Statement{Sid: "PutEvents" + word, Actions: []string{"events:PutEvents"}, Resources: []plan.Value{s.busARN(k.EventBridge)},
				Conditions: []plan.Condition{plan.Equals("events:source", plan.Text(k.EventBridge.Source))}, Why: "Sink " + k.Name + ": events of its own source onto its bus."})
			out = append(out, assume("AssumeFor"+word, k.EventBridge.Role, "sink "+k.Name)...)
		case k.File != nil || k.OCSF != nil:
			return nil, fmt.Errorf("sinks.%s writes files, and a function has no disk that lasts: turn it off or take another sink", k.Name)
		}
	}
	return out, nil
}

// sid makes a word of a name.
func sid(name string) string {
	var b strings.Builder
	up := true
	for _, r := range name {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		switch {
		case letter && up:
			b.WriteString(strings.ToUpper(string(r)))
		case letter:
			b.WriteRune(r)
		}
		up = !letter
	}
	return b.String()
}

func (s *stack) publish(word string, k *config.SNS) []plan.Statement {
	to := plan.Value(plan.Text(k.Topic + k.Target))
	if s.alertsTopic() == k && s.Resource("Alerts") != nil {
		to = plan.Ref{ID: "Alerts"}
	}
	out := []plan.Statement{{Sid: "Publish" + word, Actions: []string{"sns:Publish"}, Resources: []plan.Value{to}, Why: "Alerts to this topic, and no other."}}
	if _, ours := to.(plan.Ref); ours && s.Resource("LogKey") != nil {
		out = append(out, plan.Statement{Sid: "Encrypt" + word, Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resources: []plan.Value{plan.Attr{ID: "LogKey", Name: "Arn"}},
			Conditions: []plan.Condition{plan.Equals("kms:ViaService", plan.Concat("sns.", plan.Region, ".amazonaws.com"))}, Why: "The topic encrypts messages with this key."})
	}
	return append(out, assume("AssumeFor"+word, k.Role, "a topic")...)
}

func (s *stack) mail(word string, name string, k *config.SES) []plan.Statement {
	address := plan.Value(plan.Text(addressOf(k)))
	if s.Resource("Sender"+word) != nil {
		address = s.sender(name, k)
	}
	region := plan.Value(plan.Region)
	if k.Region != "" {
		region = plan.Text(k.Region)
	}
	identities := []plan.Value{plan.ARNIn("ses", region, plan.AccountID, "identity/", address)}
	if _, domain, ok := strings.Cut(addressOf(k), "@"); ok && !s.b.open {
		identities = append(identities, plan.ARNIn("ses", region, plan.AccountID, "identity/"+domain))
	}
	if k.IdentityARN != "" {
		identities = []plan.Value{plan.Text(k.IdentityARN)}
	}
	if k.ConfigurationSet != "" {
		identities = append(identities, plan.ARNIn("ses", region, plan.AccountID, "configuration-set/"+k.ConfigurationSet))
	}
	out := []plan.Statement{{Sid: "Mail" + word, Actions: []string{"ses:SendEmail", "ses:SendRawEmail"}, Resources: identities,
		Conditions: []plan.Condition{plan.Equals("ses:FromAddress", address)}, Why: "Mail from this one address, as text that we wrote whole."}}
	return append(out, assume("AssumeFor"+word, k.Role, "mail")...)
}

// addressOf is the sender's bare address.
func addressOf(k *config.SES) string {
	if i, j := strings.LastIndex(k.From, "<"), strings.LastIndex(k.From, ">"); i >= 0 && j > i {
		return k.From[i+1 : j]
	}
	return k.From
}

func (s *stack) hub(word string, k *config.SecurityHub) []plan.Statement {
	out := []plan.Statement{{Sid: "Import" + word, Actions: []string{"securityhub:BatchImportFindings"},
		Resources: []plan.Value{plan.ARN("securityhub", "product/", plan.AccountID, "/default")}, Why: "Findings into the account's own default product."}}
	return append(out, assume("AssumeFor"+word, k.Role, "Security Hub")...)
}

func (s *stack) busARN(k *config.EventBridge) plan.Value {
	if arn.IsARN(k.Bus) {
		return plan.Text(k.Bus)
	}
	return plan.ARN("events", "event-bus/"+k.Bus)
}

// enrichment lets the function ask for names of accounts.
func (s *stack) enrichment() []plan.Statement {
	a := s.b.cfg.Enrich.Accounts
	if a == nil || a.Organizations == nil {
		return nil
	}
	if role := a.Organizations.Role; role != "" {
		return assume("AssumeForOrganization", role, "names of accounts")
	}
	return []plan.Statement{{Sid: "NameAccounts", Resources: []plan.Value{plan.Text("*")},
		Actions: []string{"organizations:ListAccountsForParent", "organizations:ListOrganizationalUnitsForParent", "organizations:ListRoots"},
		Why:     "Names of accounts and units; these calls know no narrower resource, and only the management account or a delegated administrator may make them."}}
}

// queries lets the function ask Athena, where some query is asked by the clock.
func (s *stack) queries() ([]plan.Statement, error) {
	asked := slices.ContainsFunc(s.b.cfg.Queries, func(q config.ScheduledQuery) bool { return q.Enabled && s.b.cfg.EngineOf(&q) == "athena" })
	if !asked {
		return nil, nil
	}
	if s.Resource("Workgroup") == nil {
		return nil, fmt.Errorf("queries: they are asked of Athena, which only the topology %s sets up; take it, or enabled: false", Athena)
	}
	return s.athenaStatements(), nil
}
