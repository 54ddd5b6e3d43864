// Package topology makes plans of the architectures that Trailwarden runs in:
// those of five published write-ups, without their mistakes, and the one that we
// recommend. What a plan holds, and above all what it permits, follows from one
// configuration: its rules, sinks, store and queries.
package topology

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/rule"
)

// The topologies.
const (
	ServiceNow  = "s3-lambda-servicenow"
	Slack       = "eventbridge-lambda-slack"
	SNS         = "s3-lambda-sns"
	Alarms      = "logs-alarms-sns"
	Athena      = "trail-athena-ses-slack"
	Recommended = "recommended"
)

// Names are the topologies, in the order of the write-ups.
func Names() []string { return []string{ServiceNow, Slack, SNS, Alarms, Athena, Recommended} }

// Input is what a plan is made of.
type Input struct {
	Config *config.Config
	Rules  []*rule.Rule // those of the configuration
	// Open makes a parameter without default of everything that belongs to one
	// installation: names of buckets, ids of accounts. The result is for everybody.
	Open bool
	// Flags name, by key of the deploy block, what gave its value in place of the
	// configuration; errors say so.
	Flags map[string]string
}

// Make makes the plan of a topology. The error names the key of the
// configuration that is at fault.
func Make(name string, in Input) (*plan.Plan, error) {
	b, err := newBuilder(name, in)
	if err != nil {
		return nil, err
	}
	build := map[string]func(*builder) error{
		ServiceNow: (*builder).serviceNow, Slack: (*builder).slack, SNS: (*builder).sns,
		Alarms: (*builder).alarms, Athena: (*builder).athena, Recommended: (*builder).recommended,
	}[name]
	if build == nil {
		return nil, fmt.Errorf("there is no topology %q; there are %s", name, strings.Join(Names(), ", "))
	}
	if err := build(b); err != nil {
		return nil, fmt.Errorf("topology %s: %w", name, err)
	}
	if err := b.plan.Validate(); err != nil {
		return nil, fmt.Errorf("topology %s: the plan contradicts itself: %w", name, err)
	}
	return b.plan, nil
}

// builder makes one plan.
type builder struct {
	cfg   *config.Config
	d     config.Deploy
	rules []*rule.Rule
	open  bool
	flags map[string]string
	plan  *plan.Plan
	cat   *catalog.Catalog
}

func newBuilder(name string, in Input) (*builder, error) {
	b := &builder{cfg: in.Config, d: in.Config.Deploy, rules: in.Rules, open: in.Open, flags: in.Flags, cat: catalog.Default()}
	if b.d.Region == "" {
		b.d.Region = in.Config.AWS.Region
	}
	if b.d.Region == "" {
		b.d.Region = catalog.GlobalHome
	}
	if b.d.Trail == "" {
		b.d.Trail = b.d.Name
	}
	regions, err := b.regions()
	if err != nil {
		return nil, err
	}
	b.plan = &plan.Plan{Topology: name, Home: b.d.Region, Regions: regions}
	return b, b.check()
}

// forms of what the configuration gives.
const (
	nameForm         = `[a-z][a-z0-9-]{1,30}`
	bucketForm       = `[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]`
	accountForm      = `[0-9]{12}`
	organizationForm = `o-[a-z0-9]{10,32}`
	trailForm        = `[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]`
	prefixForm       = `[A-Za-z0-9._/-]{0,200}`
	topicForm        = `arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}`
	busForm          = `[A-Za-z0-9._-]{1,200}`
	keyForm          = `arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,250}`
)

// check holds what the configuration gives to its form.
func (b *builder) check() error {
	if strings.Contains(b.d.Key, ":alias/") {
		return fmt.Errorf("%s: %s is an alias, by which a role's policy permits nothing: give the ARN of the key itself, which aws kms describe-key --key-id %s prints", b.given("kms_key"), b.d.Key, b.d.Key)
	}
	for _, c := range []struct{ key, value, form string }{
		{"name", b.d.Name, nameForm}, {"bucket", b.d.Bucket, bucketForm}, {"artifacts", b.d.Artifacts, bucketForm},
		{"management_account", b.d.Management, accountForm}, {"account", b.d.Account, accountForm},
		{"organization", b.d.Organization, organizationForm}, {"trail", b.d.Trail, trailForm}, {"prefix", b.d.Prefix, prefixForm},
		{"topic", b.d.Topic, topicForm}, {"kms_key", b.d.Key, keyForm}, {"bus", b.d.Bus, busForm},
	} {
		if c.value != "" && !regexp.MustCompile(`^(?:`+c.form+`)$`).MatchString(c.value) {
			return fmt.Errorf("%s: %q is not of the form %s", b.given(c.key), c.value, c.form)
		}
	}
	if _, ok := b.cat.Region(b.d.Region); !ok {
		return fmt.Errorf("%s: there is no region %q", b.given("region"), b.d.Region)
	}
	if !slices.Contains(retentions(), b.d.Retention) {
		return fmt.Errorf("%s: deploy.log_retention: CloudWatch Logs keeps a log for one of %v days, not %d", b.cfg.PlaceOf("deploy", "log_retention"), retentions(), b.d.Retention)
	}
	if b.d.Expire <= b.d.Cold {
		return fmt.Errorf("%s: deploy.expire_after: files expire after %d days, before they move to colder storage after %d", b.cfg.PlaceOf("deploy", "expire_after"), b.d.Expire, b.d.Cold)
	}
	return errors.Join(b.secrets(), b.beside())
}

// given is where the value of a key of the deploy block stands.
func (b *builder) given(key string) string {
	if flag := b.flags[key]; flag != "" {
		return flag
	}
	return b.cfg.PlaceOf("deploy", key) + ": deploy." + key
}

// retentions are how many days CloudWatch Logs can keep a log (CloudWatch Logs API
// Reference, PutRetentionPolicy).
func retentions() []int {
	return []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
}

// secrets refuses those that would have to stand in a template.
func (b *builder) secrets() error {
	for i := range b.cfg.Sinks {
		s := &b.cfg.Sinks[i]
		if !s.Enabled {
			continue
		}
		for _, ref := range config.SecretsIn(s) {
			if scheme := ref.Scheme(); scheme == config.SchemeEnv || scheme == config.SchemeFile {
				return fmt.Errorf("%s: sinks.%s keeps a secret in %s:, which a function could only have from its template or package: keep it in Secrets Manager (secretsmanager:NAME) or the Parameter Store (ssm:NAME)", b.cfg.PlaceOf("sinks", s.Name), s.Name, scheme)
			}
		}
	}
	return nil
}

// regions are those that are watched, the home among them.
func (b *builder) regions() ([]string, error) {
	var out []string
	partition := b.cat.PartitionOf(b.d.Region)
	for _, term := range b.d.Regions {
		codes, err := b.cat.ExpandRegions(term)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.given("regions"), err)
		}
		out = append(out, codes...)
	}
	if len(b.d.Regions) == 0 {
		for _, r := range b.cat.Regions() {
			if r.Partition == partition && !r.OptIn {
				out = append(out, r.Code)
			}
		}
	}
	out = slices.DeleteFunc(out, func(code string) bool { return b.cat.PartitionOf(code) != partition })
	out = append(out, b.d.Region)
	if partition == "aws" {
		out = append(out, catalog.GlobalHome) // where global services and sign-in are recorded
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// organized tells whether an organization is watched.
func (b *builder) organized() bool { return b.d.Organization != "" }

// reuses tells whether a thing exists and is used as it is.
func (b *builder) reuses(what string) bool { return slices.Contains(b.d.Reuse, what) }

// name is a name of ours.
func (b *builder) name(suffix string) string { return b.d.Name + "-" + suffix }

// need is the error of a missing key.
func need(key, why string) error { return fmt.Errorf("deploy.%s is needed: %s", key, why) }

// sinksOf are the enabled sinks of a kind.
func (b *builder) sinksOf(kind string) (out []*config.Sink) {
	for i := range b.cfg.Sinks {
		if s := &b.cfg.Sinks[i]; s.Enabled && s.Kind() == kind {
			out = append(out, s)
		}
	}
	return out
}

// wants is the error of a topology that tells by a kind of sink which the
// configuration lacks.
func (b *builder) wants(kinds ...string) error {
	for _, k := range kinds {
		if len(b.sinksOf(k)) == 0 {
			return fmt.Errorf("sinks: the configuration has no %s sink that is enabled, and this topology tells by one", k)
		}
	}
	return nil
}

// remembers tells whether some rule keeps windows.
func (b *builder) remembers() bool {
	return slices.ContainsFunc(b.rules, func(r *rule.Rule) bool { return r.Memory != nil })
}

func (b *builder) note(format string, args ...any) {
	b.plan.Notes = append(b.plan.Notes, fmt.Sprintf(format, args...))
}

func (b *builder) costs(all ...string) { b.plan.Costs = append(b.plan.Costs, all...) }
