package topology

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/deploy/plan"
)

// slack: rules in every region and account → central bus → function → Slack.
func (b *builder) slack() error {
	b.plan.Title = "EventBridge in every region and account to one bus to a function to Slack"
	if err := errors.Join(b.wants("slack"), b.busIsOurs()); err != nil {
		return err
	}
	b.plan.Flow = []string{
		"CloudTrail gives every API call and sign-in to the default bus of the region where it happened; for that a trail has to be on.",
		"In every account and region rules pick what our rules look for and send it to the one central bus. us-east-1 is among the regions: global services and most sign-ins are recorded there.",
		"The central bus takes events of the organization's forwarders only, and hands them to the function. There is one hop: EventBridge forwards no event twice over accounts.",
		"The function judges each record, and posts each alert to Slack once, with counts for repeats.",
	}
	b.artifactStack()
	s := b.stack("watch", plan.Central, plan.Home, "Central bus and function: from a forwarded event to a message.")
	if err := b.optionalTable(s); err != nil {
		return err
	}
	if !b.reuses("trail") {
		if err := s.logBucket(); err != nil {
			return err
		}
	}
	if err := s.function(); err != nil {
		return err
	}
	s.bus("Function")
	if err := b.trail(s); err != nil {
		return err
	}
	s.health()
	s.asynchronous()
	s.schedule("rate(5 minutes)", "Delivers what waits, also when nothing new comes.")
	b.watchStep(s)
	b.forward(false)
	b.lastSteps()
	b.note("EventBridge delivers CloudTrail's events at best effort, and none over 256 KB. Where every record counts, take the topology recommended, which reads the log files as well.")
	b.note("Silence is no sign here: on a quiet day no event may match. `trailwarden doctor --canary` tells whether one would arrive.")
	return nil
}

// busName is the name of the central bus.
func (b *builder) busName() string { return cmp.Or(b.d.Bus, b.name("events")) }

// busIsOurs refuses the default bus as the central one: the rules of its own
// region would forward to the bus that they are on.
func (b *builder) busIsOurs() error {
	if b.busName() == "default" {
		return fmt.Errorf("%s: deploy.bus: the default bus cannot be the central one, for its own events would come round again; take another", b.cfg.PlaceOf("deploy", "bus"))
	}
	return nil
}

// forwarder is the name of the role by which rules of an account forward.
func (b *builder) forwarder() string { return b.name("forward") }

// bus makes the central bus; what comes goes to the function or into the queue.
func (s *stack) bus(target string) {
	if !s.b.reuses("bus") {
		s.add("Bus", "AWS::Events::EventBus", "Where all accounts and regions send what the rules look for.", "Name", s.b.busName())
	}
	if s.b.organized() {
		s.busPolicy()
	}
	r := s.add("Forwarded", "AWS::Events::Rule", "What was forwarded was chosen already: all of it is judged.",
		"Name", s.b.name("forwarded"), "Description", "Forwarded CloudTrail events", "EventBusName", s.b.busName(),
		"EventPattern", chosen{}.eventPattern(), "State", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
		"Targets", plan.List{plan.Fields("Id", "watch", "Arn", plan.Attr{ID: target, Name: "Arn"},
			"RetryPolicy", plan.Fields("MaximumRetryAttempts", 185, "MaximumEventAgeInSeconds", 86400),
			"DeadLetterConfig", plan.Fields("Arn", plan.Attr{ID: "DeadLetters", Name: "Arn"}))})
	r.DependsOn = s.afterBus()
	statements := []plan.Statement{s.ruleSends("RuleKeepsWhatFailed", "DeadLetters", "What the rule could not deliver is kept.")}
	if target == "Function" {
		s.permission("ForwardedInvokes", "events", "The central rule invokes the function, and no other rule.", plan.Attr{ID: r.ID, Name: "Arn"})
	} else {
		p, _ := s.Resource(target + "Policy").Properties.Get("PolicyDocument").(*plan.Policy)
		p.Statements = append(p.Statements, s.ruleSends("RuleSends", target, "The central rule sends, and no other."))
	}
	s.add("DeadLettersPolicy", "AWS::SQS::QueuePolicy", "Only the central rule sends; the function does by its role.", "Queues", plan.List{plan.Ref{ID: "DeadLetters"}},
		"PolicyDocument", &plan.Policy{Statements: statements})
	s.output("BusArn", plan.ARN("events", "event-bus/"+s.b.busName()), "The central bus.")
}

// afterBus is what needs the bus: it is named rather than referred to, so that one
// that is there will do.
func (s *stack) afterBus() []string {
	if s.b.reuses("bus") {
		return nil
	}
	return []string{"Bus"}
}

func (s *stack) ruleSends(sid, queue, why string) plan.Statement {
	return plan.Statement{Sid: sid, Principals: []plan.Principal{plan.Service("events")}, Actions: []string{"sqs:SendMessage"}, Resources: []plan.Value{plan.Attr{ID: queue, Name: "Arn"}},
		Conditions: []plan.Condition{plan.Equals("aws:SourceArn", plan.Attr{ID: "Forwarded", Name: "Arn"})}, Why: why}
}

// busPolicy lets the organization's forwarders in, and nobody else: other
// senders could make events up.
func (s *stack) busPolicy() {
	s.add("BusPolicy", "AWS::Events::EventBusPolicy", "The organization's accounts send to the bus, through their forwarders.",
		"EventBusName", s.b.busName(), "StatementId", "OrganizationForwards",
		"Statement", &plan.Policy{Statements: []plan.Statement{{Sid: "OrganizationForwards", Principals: []plan.Principal{plan.Everybody()},
			Actions: []string{"events:PutEvents"}, Resources: []plan.Value{plan.ARN("events", "event-bus/"+s.b.busName())},
			Conditions: []plan.Condition{plan.Equals("aws:PrincipalOrgID", s.organization()),
				plan.ArnLike("aws:PrincipalArn", plan.ARNIn("iam", plan.Text(""), plan.Text("*"), "role/"+s.b.forwarder()))},
			Why: "Only the forwarders' role, only in accounts of the organization."}}}).DependsOn = s.afterBus()
}

// forward makes what stands in every account: the role once, the rules in every
// region.
func (b *builder) forward(filesComeToo bool) {
	patterns := b.patterns(filesComeToo)
	if len(patterns) == 0 {
		b.note("Nothing is forwarded: all rules remember, and those wait for the files.")
		return
	}
	account := plan.Central
	if b.organized() {
		account = plan.Members
	}
	role := b.stack("forward-role", account, plan.Home, "The role by which an account's rules forward events; IAM is global, so it is made once.")
	bus := role.ours("events", "event-bus/"+b.busName())
	ownRules := plan.ArnLike("aws:SourceArn", plan.Concat("arn:", plan.Partition, ":events:*:", plan.AccountID, ":rule/"+b.name("forward-*")))
	role.add("ForwardRole", "AWS::IAM::Role", "May put events onto the one central bus.",
		"RoleName", b.forwarder(),
		"AssumeRolePolicyDocument", trust("events", "EventBridge forwards as this role, for our rules of this account.", ownRules),
		"Policies", plan.List{plan.Fields("PolicyName", "forward", "PolicyDocument", &plan.Policy{Statements: []plan.Statement{
			{Sid: "PutOntoCentralBus", Actions: []string{"events:PutEvents"}, Resources: []plan.Value{bus}, Why: "The central bus, and no other."}}})})
	role.step("Make the forwarders' role in every account", "")
	stacks := portions(patterns)
	for i, portion := range stacks {
		b.forwardStack(account, i, portion)
	}
	if len(stacks) > 1 {
		b.note("The forwarding rules stand in %d stacks, because one template has room for %d bytes only. Where many rules make many patterns, look at the quota of EventBridge as well: 300 rules on a bus, unless more are asked for.", len(stacks), plan.MaxTemplate)
	}
	b.costs("Forwarding: 1 USD for a million events between buses of accounts and regions, charged to the sender; only what some rule looks for is forwarded.")
}

// portions shares patterns out over stacks, in their order, so that each has room
// in a template, which stands as a text within that of a StackSet.
func portions(all []chosen) (out [][]chosen) {
	const (
		frame = 4000 // of a template without rules
		each  = 950  // of a rule without its pattern and the names of what it is for
	)
	room := 0
	for _, c := range all {
		text := print(c.detail)
		// Quotation marks have one more byte within a text.
		size := each + len(text) + 3*strings.Count(text, `"`)/2 + len(strings.Join(c.rules, ", "))
		if room -= size; room < 0 || len(out) == 0 {
			out, room = append(out, nil), plan.MaxTemplate-frame-size
		}
		out[len(out)-1] = append(out[len(out)-1], c)
	}
	return out
}

// forwardStack makes the rules of one portion, and with the first the queue of
// what could not be forwarded.
func (b *builder) forwardStack(account plan.Account, portion int, patterns []chosen) {
	name, what, title := "forward", "Rules on the default bus that forward what the rules look for.", "Make the rules in every account and region"
	if portion > 0 { // rules have names of their own in each, so that one may move to another
		name = fmt.Sprintf("forward-%d", portion+1)
		what, title = "More rules on the default bus that forward what the rules look for.", "Make more rules in every account and region"
	}
	s := b.stack(name, account, plan.Every, what)
	undelivered := plan.Value(plan.ARN("sqs", b.name("undelivered")))
	if portion == 0 {
		s.add("Undelivered", "AWS::SQS::Queue", "Events that could not be forwarded, for 14 days.", "QueueName", b.name("undelivered"), "SqsManagedSseEnabled", true, "MessageRetentionPeriod", 1209600)
		undelivered = plan.Attr{ID: "Undelivered", Name: "Arn"}
	}
	for i, c := range patterns {
		s.add(fmt.Sprintf("Forward%02d", i+1), "AWS::Events::Rule", "For "+strings.Join(c.rules, ", ")+".",
			"Name", fmt.Sprintf("%s-%02d", b.name(name), i+1), "Description", shorten("For "+strings.Join(c.rules, ", "), 512),
			"EventPattern", c.eventPattern(), "State", c.state(),
			"Targets", plan.List{plan.Fields("Id", "central-bus", "Arn", s.ours("events", "event-bus/"+b.busName()),
				"RoleArn", plan.Concat("arn:", plan.Partition, ":iam::", plan.AccountID, ":role/"+b.forwarder()),
				"DeadLetterConfig", plan.Fields("Arn", undelivered),
				"RetryPolicy", plan.Fields("MaximumRetryAttempts", 185, "MaximumEventAgeInSeconds", 86400))})
	}
	if portion == 0 {
		s.add("UndeliveredPolicy", "AWS::SQS::QueuePolicy", "Only these rules send to the queue.", "Queues", plan.List{plan.Ref{ID: "Undelivered"}},
			"PolicyDocument", &plan.Policy{Statements: []plan.Statement{{Sid: "RulesKeepWhatFailed", Principals: []plan.Principal{plan.Service("events")}, Actions: []string{"sqs:SendMessage"},
				Resources: []plan.Value{plan.Attr{ID: "Undelivered", Name: "Arn"}}, Conditions: []plan.Condition{plan.ArnLike("aws:SourceArn", plan.ARN("events", "rule/"+b.name("forward-*")))}, Why: "What our rules of this account and region could not deliver is kept."}}})
	}
	s.step(title, "Render again after the rules changed, and update: the StackSet keeps all accounts and regions the same and shows where one drifted.")
}

// shorten cuts a text to a length in characters.
func shorten(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
