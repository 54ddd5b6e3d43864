package iam

import (
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/deploy/plan"
)

// A World is the policies of stacks, each where it is attached.
type World struct {
	identities map[string][]Document // by the ARN of a role
	resources  map[string][]Document // by the ARN of what they are attached to
}

// NewWorld reads the policies of the stacks as they stand at their places.
func NewWorld(places ...plan.Place) (*World, error) {
	w := &World{identities: map[string][]Document{}, resources: map[string][]Document{}}
	for _, p := range places {
		for _, r := range p.Stack.Resources {
			if err := w.add(p, r); err != nil {
				return nil, fmt.Errorf("stack %s resource %s: %w", p.Stack.Name, r.ID, err)
			}
		}
	}
	return w, nil
}

// add adds the policies of a resource.
func (w *World) add(p plan.Place, r *plan.Resource) (err error) {
	if r.Type == "AWS::Lambda::Permission" {
		return w.permission(p, r)
	}
	r.Policies(func(where string, policy *plan.Policy) {
		var filled any
		var d Document
		if err == nil {
			filled, err = p.Fill(policy)
		}
		if err == nil {
			d, err = Parse(filled)
		}
		if err == nil {
			err = w.attach(p, r, where, d)
		}
	})
	return err
}

// attach files a document under what it is attached to.
func (w *World) attach(p plan.Place, r *plan.Resource, where string, d Document) error {
	to := map[string]string{"AWS::S3::BucketPolicy": "Bucket", "AWS::SNS::TopicPolicy": "Topics", "AWS::SQS::QueuePolicy": "Queues"}[r.Type]
	var err error
	arn := ""
	switch {
	case to != "":
		arn, err = p.ARN(referred(r.Properties.Get(to)))
	case r.Type == "AWS::Events::EventBusPolicy":
		arn = d.Statements[0].Resources[0]
	default:
		arn, err = p.ARN(r.ID)
	}
	if err != nil {
		return err
	}
	if r.Type == "AWS::IAM::Role" && where == "PolicyDocument" {
		w.identities[arn] = append(w.identities[arn], d)
		return nil
	}
	w.resources[arn] = append(w.resources[arn], d)
	return nil
}

// referred is the ID that a value, or the first of a list, refers to.
func referred(v plan.Value) (id string) {
	plan.Walk(v, func(v plan.Value) {
		if r, ok := v.(plan.Ref); ok && id == "" {
			id = r.ID
		}
	})
	return id
}

// permission is a function's permission as the statement that Lambda makes of it.
func (w *World) permission(p plan.Place, r *plan.Resource) error {
	function, err := p.ARN(referred(r.Properties.Get("FunctionName")))
	if err != nil {
		return err
	}
	text := map[string]string{}
	for _, key := range []string{"Action", "Principal", "SourceArn", "SourceAccount"} {
		if text[key], err = p.Text(r.Properties.Get(key)); err != nil {
			return err
		}
	}
	w.resources[function] = append(w.resources[function], Document{Statements: []Statement{{
		Sid: r.ID, Principals: map[string][]string{"Service": {text["Principal"]}}, Actions: []string{text["Action"]}, Resources: []string{function},
		Conditions: map[string]map[string][]string{"ArnLike": {"aws:SourceArn": {text["SourceArn"]}}, "StringEquals": {"aws:SourceAccount": {text["SourceAccount"]}}}}}})
	return nil
}

// Allowed tells whether a request is: nothing denies it, and what has to allow it
// does. Of a service the resource has to; of a role its own policy or the
// resource's, across accounts both, and of a key and a role the resource's always.
func (w *World) Allowed(r Request) bool {
	own, others := Silent, Silent
	for _, d := range w.identities[r.Principal] {
		own = max(own, d.Identity(r))
	}
	for attached, list := range w.resources {
		if r.Resource == attached || strings.HasPrefix(r.Resource, attached+"/") {
			for _, d := range list {
				others = max(others, d.Resource(r))
			}
		}
	}
	switch {
	case own == Deny || others == Deny:
		return false
	case !strings.HasPrefix(r.Principal, "arn:"), r.Action == "sts:AssumeRole":
		return others == Allow
	case strings.Contains(r.Resource, ":kms:"), accountOf(r.Resource) != "" && accountOf(r.Resource) != accountOf(r.Principal):
		return own == Allow && others == Allow
	}
	return own == Allow || others == Allow
}

// accountOf is the account of an ARN; empty where it names none.
func accountOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}
