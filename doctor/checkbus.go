package doctor

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/internal/iampolicy"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	pattern "github.com/trailwarden/trailwarden/rule/eventbridge"
	"github.com/trailwarden/trailwarden/severity"
)

func busChecks() []Check {
	rules := []string{"account:ListRegions", "events:ListRules", "events:ListTargetsByRule"}
	with := func(more ...string) []string { return append(more, rules...) }
	return []Check{
		{ID: "bus-rules", Title: "Rules of EventBridge are on and get what they ask for", Asks: "Is each rule enabled, in the state that lets read-only events through where it asks for them, and what does lint say of its pattern?",
			Severity: severity.High, Actions: rules, Run: checkRules},
		{ID: "bus-targets", Title: "Rules lead somewhere", Asks: "Has each rule a target that it may reach, with a dead-letter queue, and no second hop between accounts?",
			Severity: severity.High, Actions: with("iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:GetPolicy", "iam:GetPolicyVersion"), Run: checkTargets},
		{ID: "bus-drift", Title: "Every region has the same rules", Asks: "A rule that was changed or forgotten in one of many regions is a hole in that region.",
			Severity: severity.High, Actions: rules, Run: checkDrift},
		{ID: "bus-global", Title: "Events of global services are forwarded", Asks: "IAM, sign-in and the like appear on one region's default bus only: is there a rule?",
			Severity: severity.High, Actions: rules, Run: checkGlobal},
		{ID: "bus-policy", Title: "The central bus takes events of the right accounts only", Asks: "Its policy is asked for a stranger and for each account that should send.",
			Severity: severity.High, Actions: with("events:DescribeEventBus", "organizations:DescribeOrganization"), Run: checkBusPolicy},
	}
}

// forRules asks of every rule of EventBridge; where rules cannot be seen, wiring
// says so as well.
func forRules(ctx context.Context, e *Env, do func(busRule) []Result) []Result {
	b := e.busRules(ctx)
	return orNone(append(slices.Clone(b.gaps), each(b.rules, do)...), "no rule of EventBridge has a name that begins with "+e.prefix()+"; --rule-prefix names another")
}

func (r busRule) name() string { return r.region + " " + aws.ToString(r.Name) }

func checkRules(ctx context.Context, e *Env) []Result {
	return forRules(ctx, e, func(r busRule) (out []Result) {
		state := pattern.Enabled
		switch r.State {
		case types.RuleStateDisabled:
			return []Result{broken(r.name(), "the rule is disabled", "aws events enable-rule --name "+aws.ToString(r.Name)+" --region "+r.region)}
		case types.RuleStateEnabledWithAllCloudtrailManagementEvents:
			state = pattern.EnabledAllManagement
		}
		if aws.ToString(r.EventPattern) == "" {
			return none(r.name() + " runs by the clock")
		}
		p, list := pattern.Parse([]byte(aws.ToString(r.EventPattern)))
		if p != nil {
			list = append(list, p.WithState(state).Lint(catalog.Default())...)
		}
		for _, d := range list {
			switch {
			case d.Severity == diagnostic.Note:
			case d.Code == "EBW08" || d.Severity == diagnostic.Error:
				out = append(out, broken(r.name(), d.Code+": "+d.Message, cmp.Or(d.Fix, "aws events put-rule --state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")))
			default:
				out = append(out, warn(r.name(), d.Code+": "+d.Message, d.Fix))
			}
		}
		return or(out, r.name(), "on, in state "+string(r.State))
	})
}

func checkTargets(ctx context.Context, e *Env) []Result {
	central, home := e.central()
	return forRules(ctx, e, func(r busRule) (out []Result) {
		if len(r.targets) == 0 {
			return []Result{broken(r.name(), "the rule has no target: what it matches goes nowhere", "aws events put-targets --rule "+aws.ToString(r.Name))}
		}
		for _, t := range r.targets {
			to := aws.ToString(t.Arn)
			name := r.name() + " → " + to
			if t.DeadLetterConfig == nil || aws.ToString(t.DeadLetterConfig.Arn) == "" {
				out = append(out, warn(name, "what cannot be delivered within a day is gone: the target has no dead-letter queue", "Give the target a DeadLetterConfig."))
			}
			if kind(to) != "events" {
				continue
			}
			out = append(out, e.forwarding(ctx, name, r.arn, to, aws.ToString(t.RoleArn))...)
			if r.bus == central && r.region == home && e.Bus != "" && iampolicy.AccountOf(to) != iampolicy.AccountOf(r.arn) {
				out = append(out, warn(name, "the rule forwards from the central bus to another account: what came from a third account is not forwarded again", "Have each account send to the last bus itself."))
			}
		}
		return or(out, r.name(), fmt.Sprintf("%d targets", len(r.targets)))
	})
}

// forwarding judges the role by which a rule sends to another bus.
func (e *Env) forwarding(ctx context.Context, name, rule, bus, arn string) []Result {
	if arn == "" {
		return []Result{broken(name, "the rule has no role to send to another bus with", "Give the target a RoleArn that may call events:PutEvents on "+bus+".")}
	}
	r, err := e.role(ctx, arn)
	switch {
	case missing(err):
		return []Result{broken(name, "the role "+arn+" does not exist", "Make it: events.amazonaws.com may become it, and it may call events:PutEvents on "+bus+".")}
	case err != nil:
		return []Result{unknown(name, err)}
	}
	if may, why := r.becomes("events.amazonaws.com", rule); !may {
		return []Result{broken(name, "EventBridge may not become the role: "+why, "Let events.amazonaws.com call sts:AssumeRole in the role's trust policy.")}
	}
	if may, why := r.may("events:PutEvents", bus, nil); !may {
		return []Result{broken(name, "the role may not put events on "+bus+": "+why, "Allow events:PutEvents on "+bus+".")}
	}
	return nil
}

func checkDrift(ctx context.Context, e *Env) []Result {
	b, regions := e.busRules(ctx), []string{}
	if all, err := e.regions(ctx); err == nil {
		regions = all
	}
	byName := map[string][]busRule{}
	for _, r := range b.rules {
		if r.bus == "default" && aws.ToString(r.EventPattern) != "" {
			byName[aws.ToString(r.Name)] = append(byName[aws.ToString(r.Name)], r)
		}
	}
	var out []Result
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		out = append(out, drift(name, byName[name], regions, b.gaps)...)
	}
	return orNone(append(out, b.gaps...), "no rule of EventBridge on a default bus has a name that begins with "+e.prefix())
}

// drift compares the same rule in all regions: what most have is what is meant.
func drift(name string, rules []busRule, regions []string, gaps []Result) (out []Result) {
	count := map[string]int{}
	there := map[string]bool{}
	for _, r := range rules {
		count[r.pattern()+string(r.State)]++
		there[r.region] = true
	}
	most := rules[0].pattern() + string(rules[0].State)
	for _, r := range rules {
		if k := r.pattern() + string(r.State); count[k] > count[most] {
			most = k
		}
	}
	for _, r := range rules {
		if r.pattern()+string(r.State) != most {
			out = append(out, broken(r.name(), fmt.Sprintf("the rule differs from that in %d other regions", count[most]), "Put the same pattern and state into every region: trailwarden deploy render makes all from one file."))
		}
	}
	var bare []string
	for _, r := range regions {
		seen := !slices.ContainsFunc(gaps, func(g Result) bool { return strings.HasPrefix(g.Object, r+" ") })
		if !there[r] && seen {
			bare = append(bare, r)
		}
	}
	switch {
	case len(bare) > 0 && len(rules) > 1:
		out = append(out, broken(name, "the rule is missing in "+strings.Join(bare, " "), "Make it there too: each region has a default bus of its own."))
	case len(bare) > 0:
		out = append(out, warn(name, fmt.Sprintf("the rule is in %s only: events of %d other regions are not seen by it", rules[0].region, len(bare)), "Make it in every region with the central bus as target, or watch the bucket of a trail of all regions."))
	}
	return or(out, name, fmt.Sprintf("the same in %d regions", len(rules)))
}

func checkGlobal(ctx context.Context, e *Env) []Result {
	b := e.busRules(ctx)
	if len(b.rules) == 0 {
		return orNone(b.gaps, "there are no rules of EventBridge")
	}
	who, err := e.caller(ctx)
	if err != nil {
		return []Result{unknown("", err)}
	}
	home := globalHome(who.partition)
	for _, r := range b.rules {
		if r.region == home && r.bus == "default" {
			return []Result{ok(r.name(), "events of global services are seen")}
		}
	}
	if slices.ContainsFunc(b.gaps, func(g Result) bool { return strings.HasPrefix(g.Object, home+" ") }) {
		return b.gaps
	}
	if len(e.Regions) > 0 && !slices.Contains(e.Regions, home) {
		return []Result{{State: Unknown, Object: home, Cause: home + " was not looked at, and calls to IAM and most sign-ins appear on its default bus only", Fix: "Add --region " + home + "."}}
	}
	return []Result{broken(home, "no rule is in "+home+", and calls to IAM, Organizations, Route 53 and most sign-ins appear on its default bus only",
		"Make the rule in "+home+" with the central bus as target.")}
}

// globalHome is the region whose bus gets the events of services without one.
func globalHome(partition string) string {
	for _, p := range catalog.Default().Partitions() {
		if p.Name == partition && len(p.Homes) > 0 {
			return p.Homes[0]
		}
	}
	return catalog.GlobalHome
}

func checkBusPolicy(ctx context.Context, e *Env) []Result {
	buses := e.web(ctx).ends("events")
	who, err := e.caller(ctx)
	if err != nil {
		return []Result{unknown("", err)}
	}
	if e.Bus != "" {
		buses = append(buses, busARN(who, e.aws.Region, e.Bus))
	}
	slices.Sort(buses)
	return orNone(each(slices.Compact(buses), func(arn string) []Result {
		if iampolicy.AccountOf(arn) != who.account {
			return []Result{{State: Unknown, Object: arn, Cause: "the bus belongs to another account", Fix: "Run doctor there as well, with --bus."}}
		}
		return e.busPolicy(ctx, who, arn)
	}), "there is no central bus; --bus names one")
}

func (e *Env) busPolicy(ctx context.Context, who caller, arn string) (out []Result) {
	name := strings.TrimPrefix(partOf(arn, 5), "event-bus/")
	bus, err := eventbridge.NewFromConfig(e.in(regionOf(arn))).DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: &name})
	switch {
	case missing(err):
		return []Result{broken(arn, "there is no such bus", "aws events create-event-bus --name "+name)}
	case err != nil:
		return []Result{unknown(arn, err)}
	}
	var d *iampolicy.Document
	if text := aws.ToString(bus.Policy); text != "" {
		if d, err = iampolicy.Parse([]byte(text)); err != nil {
			return []Result{broken(arn, err.Error(), "Set a policy that is valid.")}
		}
	}
	put := func(account, org string) iampolicy.Decision {
		return d.Decide(iampolicy.Request{Principal: account, Action: "events:PutEvents", Resource: arn, Context: map[string]string{
			"aws:PrincipalOrgID": org, "aws:PrincipalAccount": account, "aws:PrincipalArn": "arn:" + who.partition + ":iam::" + account + ":role/" + e.prefix() + "-forward", "aws:SourceAccount": account, "events:source": "aws.iam", "aws:SecureTransport": "true"}})
	}
	switch got := put(stranger, "o-ofastranger"); got.Effect {
	case iampolicy.Allowed:
		out = append(out, broken(arn, "anybody may put events on the bus, also made-up ones: "+got.String(), "Name the accounts, or add the condition aws:PrincipalOrgID."))
	case iampolicy.Unsure:
		out = append(out, undecided(arn, "whether anybody may put events on the bus", got))
	}
	org, err := e.organization(ctx)
	if org == "" {
		org = e.Config.Deploy.Organization
	}
	if err != nil && org == "" && len(e.Accounts) > 0 {
		out = append(out, unknown(arn, err))
	}
	for _, a := range e.Accounts {
		switch got := put(a, org); {
		case a == who.account || got.Allowed():
		case got.Effect == iampolicy.Unsure:
			out = append(out, undecided(arn, "whether account "+a+" may put events on the bus", got))
		default:
			out = append(out, broken(arn, "account "+a+" may not put events on the bus: "+got.String(), "aws events put-permission --event-bus-name "+name+" --action events:PutEvents --principal "+a+" --statement-id "+a))
		}
	}
	return or(out, arn, "a stranger may not put events here")
}
