package topology

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/query/ddl"
)

// athena: organization trail → bucket → table → questions by the clock → mail and
// Slack.
func (b *builder) athena() error {
	b.plan.Title = "Organization trail to Athena, asked by the clock, to mail and Slack"
	if err := b.wants("ses", "slack"); err != nil {
		return err
	}
	if !b.asks() {
		return fmt.Errorf("queries: none is asked of Athena: give query: {engine: athena, athena: {database: …, workgroup: …}} and queries")
	}
	b.plan.Flow = []string{
		"The organization's trail writes log files of every account and region into one bucket.",
		"A table over the bucket knows accounts, regions and days as partitions that are computed, so that nothing has to be added day by day.",
		"A schedule invokes the function, which asks Athena the questions that are due; each run reaches back beyond midnight and over what was delivered late.",
		"Rows that no run has told become one mail or message with a table, or findings like those of rules.",
		"What was told, and how far each question came, is in a table of its own: nothing is told twice.",
	}
	b.artifactStack()
	s := b.stack("watch", plan.Central, plan.Home, "Bucket, Athena table, workgroup, function and schedule: from a question to a mail.")
	for _, f := range []func() error{s.table, s.logBucket, s.workgroup, s.senders} {
		if err := f(); err != nil {
			return err
		}
	}
	if err := s.function(s.readLogs()...); err != nil {
		return err
	}
	if err := b.trail(s); err != nil {
		return err
	}
	s.health()
	s.asynchronous()
	rate := b.rate()
	s.schedule(rateText(rate), "Asks the questions that are due, and delivers what waits.")
	s.silence(invocations())
	b.watchStep(s)
	b.step("Verify the sender", "Amazon SES sends a letter to the sender's address; a domain is verified by DNS. A new account is in the sandbox: ask for production access, or verify the recipients, too.",
		"aws sesv2 get-account --region "+b.d.Region+" --query ProductionAccessEnabled")
	b.step("Keep the table up to date", "Regions are all of the catalogue. Accounts that join are added in one step, without a gap.",
		b.syncCommand())
	b.lastSteps()
	return nil
}

// syncCommand brings the table up to date.
func (b *builder) syncCommand() string {
	a := b.settings()
	command := "trailwarden athena sync --aws-region " + b.d.Region + " --database " + a.Database + " --table " + a.Table + " --bucket " + b.d.Bucket
	if p := b.prefix(); p != "" {
		command += " --prefix " + strings.TrimSuffix(p, "/")
	}
	return command
}

// asks tells whether a query is asked of Athena by the clock.
func (b *builder) asks() bool {
	for i := range b.cfg.Queries {
		if q := &b.cfg.Queries[i]; q.Enabled && b.cfg.EngineOf(q) == "athena" {
			return true
		}
	}
	return false
}

// rate is how often the schedule has to look so that every query runs on time.
func (b *builder) rate() time.Duration {
	var rate time.Duration
	for i := range b.cfg.Queries {
		if q := &b.cfg.Queries[i]; q.Enabled {
			rate = divisor(divisor(rate, q.Every.Std()), q.Offset.Std())
		}
	}
	return max(time.Minute, min(rate.Truncate(time.Minute), time.Hour))
}

func divisor(a, b time.Duration) time.Duration {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func rateText(d time.Duration) string {
	switch n := int(d / time.Minute); n {
	case 1:
		return "rate(1 minute)"
	case 60:
		return "rate(1 hour)"
	default:
		return fmt.Sprintf("rate(%d minutes)", n)
	}
}

// settings is how Athena is asked, with the names of what is made.
func (b *builder) settings() config.Athena {
	var a config.Athena
	if b.cfg.Query.Athena != nil {
		a = *b.cfg.Query.Athena
	} else {
		a.Database = strings.ReplaceAll(b.d.Name, "-", "_")
	}
	a.Workgroup, a.Table = cmp.Or(a.Workgroup, b.name("questions")), cmp.Or(a.Table, "cloudtrail_logs")
	return a
}

// workgroup makes where questions run and what they ask: results that expire, a
// limit on what one may scan, database and table.
func (s *stack) workgroup() error {
	a := s.b.settings()
	results := s.results()
	s.privateBucket("Results", "Results of questions, for 30 days.", results,
		plan.Fields("Rules", plan.List{plan.Fields("Id", "results", "Status", "Enabled", "ExpirationInDays", 30,
			"NoncurrentVersionExpiration", plan.Fields("NoncurrentDays", 1), "AbortIncompleteMultipartUpload", plan.Fields("DaysAfterInitiation", 1))}), sseS3())
	arn := plan.Concat("arn:", plan.Partition, ":s3:::", results)
	s.add("ResultsPolicy", "AWS::S3::BucketPolicy", "Nobody reads results without TLS.", "Bucket", plan.Ref{ID: "Results"},
		"PolicyDocument", &plan.Policy{Statements: []plan.Statement{onlyTLS(arn)}})
	s.add("Workgroup", "AWS::Athena::WorkGroup", "Questions run here, and none scans more than its limit.",
		"Name", a.Workgroup, "Description", "Questions about the trail", "State", "ENABLED", "RecursiveDeleteOption", false,
		"WorkGroupConfiguration", plan.Fields("EnforceWorkGroupConfiguration", true, "PublishCloudWatchMetricsEnabled", true, "RequesterPaysEnabled", false,
			"BytesScannedCutoffPerQuery", int(s.b.d.ScanLimit),
			"ResultConfiguration", plan.Fields("OutputLocation", plan.Concat("s3://", results, "/"), "EncryptionConfiguration", plan.Fields("EncryptionOption", "SSE_S3"))))
	s.b.costs(fmt.Sprintf("Questions: 5 USD for a terabyte scanned; none scans more than %s, which would cost %.2f USD.", byteText(int64(s.b.d.ScanLimit)), float64(s.b.d.ScanLimit)/1e12*5))
	return s.logTable(a)
}

func byteText(n int64) string {
	if n%(1<<30) == 0 {
		return fmt.Sprintf("%d GiB", n>>30)
	}
	return fmt.Sprintf("%d bytes", n)
}

func (s *stack) results() plan.Join {
	return plan.Concat(s.b.name("results-"), plan.AccountID, "-", s.home())
}

// Stand-ins of what is a parameter; the table's own package writes around them.
const (
	anyBucket       = "bucket-of-the-log-files"
	anyOrganization = "o-organization00"
	anyAccount      = "000000000000"
)

// logTable makes the table over the log files.
func (s *stack) logTable(a config.Athena) error {
	t, err := s.tableOf(a)
	if err != nil {
		return err
	}
	if a.Database != "default" {
		s.add("LogDatabase", "AWS::Glue::Database", "Holds the table.", "CatalogId", plan.AccountID, "DatabaseInput", plan.Fields("Name", a.Database, "Description", "CloudTrail logs"))
	}
	var parameters plan.Map
	for _, p := range t.Properties() {
		parameters = append(parameters, plan.Entry{Key: p.Name, Value: s.filled(p.Value)})
	}
	input, output, serde := t.Formats()
	r := s.add("LogTable", "AWS::Glue::Table", "The log files as a table: every field, all regions, partitions that are computed.",
		"CatalogId", plan.AccountID, "DatabaseName", a.Database,
		"TableInput", plan.Fields("Name", a.Table, "TableType", "EXTERNAL_TABLE", "PartitionKeys", columns(t.Partitions()), "Parameters", parameters,
			"StorageDescriptor", plan.Fields("Columns", columns(t.Columns()), "Location", s.filled(t.Location()), "InputFormat", input, "OutputFormat", output,
				"SerdeInfo", plan.Fields("SerializationLibrary", serde, "Parameters", plan.Fields("serialization.format", "1")))))
	if a.Database != "default" {
		r.DependsOn = []string{"LogDatabase"}
	}
	if t.Injected {
		s.b.note("The table lists no accounts (deploy.accounts has none, or more than %d), so every question has to name the accounts that it asks about: queries.NAME.accounts.", ddl.MaxAccounts)
	}
	return nil
}

func (s *stack) tableOf(a config.Athena) (ddl.Table, error) {
	regions, err := ddl.Regions(s.b.cat.PartitionOf(s.b.d.Region))
	if err != nil {
		return ddl.Table{}, err
	}
	t := ddl.Table{Database: a.Database, Name: a.Table, Bucket: anyBucket, Prefix: strings.Trim(s.b.d.Prefix, "/"), Kind: "CloudTrail", Accounts: s.b.d.Accounts, Regions: regions,
		Start: time.Date(2013, 11, 1, 0, 0, 0, 0, time.UTC)}
	switch {
	case s.b.organized():
		t.Organization = anyOrganization
		t.Injected = s.b.open || len(t.Accounts) == 0 || len(t.Accounts) > ddl.MaxAccounts
	case len(t.Accounts) == 0:
		t.Accounts = []string{anyAccount}
	}
	return t, nil
}

// filled puts the parameters into a text of the table.
func (s *stack) filled(text string) plan.Value {
	out := plan.Join{plan.Text(text)}
	for _, f := range []struct {
		stand string
		value func() plan.Value
	}{{anyBucket, s.bucket}, {anyOrganization, s.organization}, {anyAccount, func() plan.Value { return plan.AccountID }}} {
		if !strings.Contains(text, f.stand) {
			continue
		}
		var next plan.Join
		for _, part := range out {
			t, isText := part.(plan.Text)
			if !isText {
				next = append(next, part)
				continue
			}
			for i, piece := range strings.Split(string(t), f.stand) {
				if i > 0 {
					next = append(next, f.value())
				}
				if piece != "" {
					next = append(next, plan.Text(piece))
				}
			}
		}
		out = next
	}
	if len(out) == 1 {
		return out[0]
	}
	return out
}

func columns(all []ddl.Column) plan.List {
	out := plan.List{}
	for _, c := range all {
		out = append(out, plan.Fields("Name", c.Name, "Type", c.Type))
	}
	return out
}

// athenaStatements let the function ask, and Athena read and write on its behalf.
func (s *stack) athenaStatements() []plan.Statement {
	a := s.b.settings()
	results := plan.Concat("arn:", plan.Partition, ":s3:::", s.results())
	return []plan.Statement{
		{Sid: "Ask", Actions: []string{"athena:GetQueryExecution", "athena:GetQueryResults", "athena:StartQueryExecution", "athena:StopQueryExecution"},
			Resources: []plan.Value{plan.ARN("athena", "workgroup/"+a.Workgroup)}, Why: "Questions in this workgroup, whose limit holds."},
		{Sid: "KnowTheTable", Actions: []string{"glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable"},
			Resources: []plan.Value{plan.ARN("glue", "catalog"), plan.ARN("glue", "database/"+a.Database), plan.ARN("glue", "table/"+a.Database+"/"+a.Table)}, Why: "Athena looks the table up as the function."},
		{Sid: "KnowTheDefaultDatabase", Actions: []string{"glue:GetDatabase"}, Resources: []plan.Value{plan.ARN("glue", "catalog"), plan.ARN("glue", "database/default")}, Why: "Athena asks for this database before any query, whichever it uses."},
		{Sid: "ListLogFiles", Actions: []string{"s3:ListBucket"}, Resources: []plan.Value{s.bucketARN()},
			Conditions: []plan.Condition{{Operator: "StringLike", Key: "s3:prefix", Values: []plan.Value{plan.Text(s.b.prefix() + "AWSLogs/*")}}}, Why: "Athena lists the partitions' folders as the function."},
		{Sid: "LocateBuckets", Actions: []string{"s3:GetBucketLocation"}, Resources: []plan.Value{s.bucketARN(), results}, Why: "Athena asks in which region the buckets are."},
		{Sid: "ListResults", Actions: []string{"s3:ListBucket", "s3:ListBucketMultipartUploads"}, Resources: []plan.Value{results}, Why: "Athena looks after the results that it writes."},
		{Sid: "WriteResults", Actions: []string{"s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"}, Resources: []plan.Value{plan.Concat(results, "/*")}, Why: "Athena writes results as the function, and the function reads them."},
	}
}

// senders makes the identities that mail is sent from.
func (s *stack) senders() error {
	for _, k := range s.b.sinksOf("ses") {
		if k.SES.IdentityARN != "" || k.SES.Region != "" && k.SES.Region != s.b.d.Region {
			continue
		}
		id := "Sender" + sid(k.Name)
		s.add(id, "AWS::SES::EmailIdentity", "The address that mail of sink "+k.Name+" comes from; its owner has to confirm.", "EmailIdentity", s.sender(k.Name, k.SES))
	}
	return nil
}

// sender is the address of an SES sink.
func (s *stack) sender(name string, k *config.SES) plan.Value {
	return s.own("Sender"+sid(name)+"Address", addressOf(k), `[^@\s]+@[^@\s]+`, "Address that mail of the sink "+name+" is sent from.")
}
