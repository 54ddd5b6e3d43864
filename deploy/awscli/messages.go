package awscli

import "github.com/trailwarden/trailwarden/deploy/plan"

func (g *script) topic() {
	g.do("ensure_topic", g.word("TopicName"))
	arn := quoted(g.text(plan.Ref{ID: g.at.ID}))
	for _, name := range []string{"DisplayName", "KmsMasterKeyId"} {
		if g.get(name) != nil {
			g.do("aws sns set-topic-attributes --topic-arn", arn, "--attribute-name", name, "--attribute-value", g.word(name))
		}
	}
	if tags := g.get("Tags"); tags != nil {
		g.do("aws sns tag-resource --resource-arn", arn, "--tags", document(g.json(tags)))
	}
	g.undo("gone aws sns delete-topic --topic-arn", arn)
}

func (g *script) topicPolicy() {
	g.do("retry aws sns set-topic-attributes --topic-arn", quoted(g.text(g.only("Topics"))), "--attribute-name Policy --attribute-value", document(g.json(g.get("PolicyDocument"))))
}

func (g *script) subscription() {
	words := []string{g.word("TopicArn"), g.word("Protocol"), g.word("Endpoint")}
	g.do(append([]string{"ensure_subscription"}, words...)...)
	for _, name := range []string{"RawMessageDelivery", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy"} {
		switch v := g.get(name).(type) {
		case nil:
		case plan.Map:
			g.do(append(append([]string{"set_subscription"}, words...), name, document(g.json(v)))...)
		default:
			g.do(append(append([]string{"set_subscription"}, words...), name, quoted(g.text(v)))...)
		}
	}
	g.undo(append([]string{"remove_subscription"}, words...)...)
}

func (g *script) queue() {
	name := g.word("QueueName")
	attributes := g.same("VisibilityTimeout", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "DelaySeconds", "MaximumMessageSize", "RedrivePolicy",
		"RedriveAllowPolicy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled")
	g.do("ensure_queue", name, document(g.texts(attributes)))
	if tags := g.get("Tags"); tags != nil {
		var m plan.Map
		for _, t := range maps(tags) {
			m = append(m, plan.Entry{Key: g.text(t.Get("Key")), Value: t.Get("Value")})
		}
		g.do(`aws sqs tag-queue --queue-url "$(queue_url`, name+`)" --tags`, document(g.json(m)))
	}
	g.undo("remove_queue", name)
}

func (g *script) queuePolicy() {
	ref, _ := g.only("Queues").(plan.Ref)
	queue := g.stack.Resource(ref.ID)
	if queue == nil {
		g.fail("Queues: want a queue of this stack")
		return
	}
	g.do("set_queue", quoted(g.text(queue.Name())), document(g.texts(plan.Map{{Key: "Policy", Value: g.get("PolicyDocument")}})))
}

func (g *script) identity() {
	g.do("ensure_identity", g.word("EmailIdentity"))
	g.undo("gone aws sesv2 delete-email-identity --email-identity", g.word("EmailIdentity"))
}

func (g *script) bus() {
	g.do("ensure_bus", g.word("Name"))
	g.nothing("Description")
	g.undo("gone aws events delete-event-bus --name", g.word("Name"))
}

func (g *script) busPolicy() {
	g.nothing("StatementId")
	statement := g.get("Statement")
	if _, ok := statement.(*plan.Policy); !ok {
		statement = plan.Map{{Key: "Version", Value: plan.Text("2012-10-17")}, {Key: "Statement", Value: plan.List{statement}}}
	}
	g.do("retry aws events put-permission --event-bus-name", g.word("EventBusName"), "--policy", document(g.json(statement)))
}

func (g *script) rule() {
	bus, name := "default", g.word("Name")
	if g.get("EventBusName") != nil {
		bus = g.word("EventBusName")
	}
	definition := g.same("Name", "Description", "EventBusName", "ScheduleExpression", "State", "RoleArn", "Tags")
	if v := g.get("EventPattern"); v != nil {
		definition = append(definition, plan.Entry{Key: "EventPattern", Value: plan.Text(g.compact(v))})
	}
	g.do("ensure_rule", document(g.json(definition)))
	if v := g.get("Targets"); v != nil {
		g.do("retry aws events put-targets --event-bus-name", bus, "--rule", name, "--targets", document(g.json(v)))
	}
	g.undo("remove_rule", bus, name)
}
