package doctor

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/trailwarden/trailwarden/internal/iampolicy"
	pattern "github.com/trailwarden/trailwarden/rule/eventbridge"
)

// busRule is a rule of EventBridge with its targets.
type busRule struct {
	types.Rule
	arn, region, bus string
	targets          []types.Target
}

// busRules are the rules about CloudTrail's events in all regions, with what
// could not be seen.
type busRules struct {
	rules []busRule
	gaps  []Result
}

// prefix is what names of our rules begin with.
func (e *Env) prefix() string { return cmp.Or(e.RuleNames, "trailwarden") }

// busRules looks in every region, on the default bus and on the central one.
func (e *Env) busRules(ctx context.Context) *busRules {
	all, _ := asked(e, "bus rules", func() (*busRules, error) {
		regions, err := e.regions(ctx)
		b := &busRules{}
		if err != nil {
			b.gaps = append(b.gaps, unknown("regions", err))
		}
		var mu sync.Mutex
		b.gaps = append(b.gaps, each(regions, func(region string) (gaps []Result) {
			for _, bus := range e.busesIn(region) {
				got, err := e.rulesOf(ctx, region, bus)
				if missing(err) && bus != "default" {
					continue // bus-policy says so
				}
				if err != nil {
					gaps = append(gaps, unknown(region+" "+bus, err))
				}
				mu.Lock()
				b.rules = append(b.rules, got...)
				mu.Unlock()
			}
			return gaps
		})...)
		slices.SortFunc(b.rules, func(a, c busRule) int { return strings.Compare(a.arn, c.arn) })
		return b, nil
	})
	return all
}

// busesIn are the buses of a region that can have our rules.
func (e *Env) busesIn(region string) []string {
	out := []string{"default"}
	if name, home := e.central(); name != "default" && home == region {
		out = append(out, name)
	}
	return out
}

// central is the name of the central bus, and its region.
func (e *Env) central() (name, region string) {
	if kind(e.Bus) == "events" {
		return strings.TrimPrefix(partOf(e.Bus, 5), "event-bus/"), regionOf(e.Bus)
	}
	return cmp.Or(e.Bus, "default"), e.aws.Region
}

// busARN is the ARN of a bus that is named in a configuration.
func busARN(who caller, region, bus string) string {
	if kind(bus) == "events" {
		return bus
	}
	return "arn:" + who.partition + ":events:" + region + ":" + who.account + ":event-bus/" + bus
}

// rulesOf are a bus's rules that are ours by name, or about CloudTrail's events.
func (e *Env) rulesOf(ctx context.Context, region, bus string) (all []busRule, err error) {
	client := eventbridge.NewFromConfig(e.in(region))
	in := &eventbridge.ListRulesInput{EventBusName: &bus}
	for range maxSteps {
		page, err := client.ListRules(ctx, in)
		if err != nil {
			return all, err
		}
		for _, r := range page.Rules {
			if !strings.HasPrefix(aws.ToString(r.Name), e.prefix()) {
				continue
			}
			x := busRule{Rule: r, arn: aws.ToString(r.Arn), region: region, bus: bus}
			out, err := client.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: r.Name, EventBusName: &bus})
			if err != nil {
				return all, err
			}
			x.targets = out.Targets
			all = append(all, x)
		}
		if in.NextToken = page.NextToken; in.NextToken == nil {
			break
		}
	}
	return all, nil
}

// pattern is the rule's pattern in one way of writing; empty for a schedule.
func (r busRule) pattern() string {
	p, _ := pattern.Parse([]byte(aws.ToString(r.EventPattern)))
	if p == nil {
		return aws.ToString(r.EventPattern)
	}
	return p.String()
}

func (e *Env) fromRules(ctx context.Context, w *web) {
	b := e.busRules(ctx)
	w.mu.Lock()
	w.gaps = append(w.gaps, b.gaps...)
	w.mu.Unlock()
	for _, r := range b.rules {
		for _, t := range r.targets {
			e.follow(ctx, w, edge{from: r.arn, to: aws.ToString(t.Arn), service: "events.amazonaws.com", account: iampolicy.AccountOf(r.arn)})
		}
	}
}
