// Package iam decides requests by the policies of whole plans, each where it is
// attached: it holds what is rendered to what is needed, and to what must not be.
// It knows no permissions boundaries, session or service control policies.
package iam

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/internal/iampolicy"
)

// A World is the policies of stacks, each where it is attached.
type World struct {
	identities map[string][]*iampolicy.Document // by the ARN of a role
	resources  map[string][]*iampolicy.Document // by the ARN of what they are attached to
}

// NewWorld reads the policies of the stacks as they stand at their places.
func NewWorld(places ...plan.Place) (*World, error) {
	w := &World{identities: map[string][]*iampolicy.Document{}, resources: map[string][]*iampolicy.Document{}}
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
		if err == nil {
			err = w.policy(p, r, where, policy)
		}
	})
	return err
}

// policy adds one policy of a resource.
func (w *World) policy(p plan.Place, r *plan.Resource, where string, policy *plan.Policy) error {
	filled, err := p.Fill(policy)
	if err != nil {
		return err
	}
	text, err := json.Marshal(filled)
	if err != nil {
		return err
	}
	d, err := iampolicy.Parse(text)
	if err != nil {
		return err
	}
	return w.attach(p, r, where, d)
}

// attach files a document under what it is attached to.
func (w *World) attach(p plan.Place, r *plan.Resource, where string, d *iampolicy.Document) error {
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
	w.resources[function] = append(w.resources[function], &iampolicy.Document{Statements: []iampolicy.Statement{{
		Sid: r.ID, Allow: true, Principals: []string{"Service:" + text["Principal"]}, Actions: []string{text["Action"]}, Resources: []string{function},
		Conditions: []iampolicy.Condition{{Operator: "ArnLike", Key: "aws:SourceArn", Values: []string{text["SourceArn"]}},
			{Operator: "StringEquals", Key: "aws:SourceAccount", Values: []string{text["SourceAccount"]}}}}}})
	return nil
}

// Allowed tells whether a request is: nothing denies it, and what has to allow it
// does. Of a service the resource has to; of a role its own policy or the
// resource's, across accounts both, and of a key and a role the resource's always.
func (w *World) Allowed(r iampolicy.Request) bool {
	var own, others verdict
	for _, d := range w.identities[r.Principal] {
		bare := r
		bare.Principal = "" // whoever has the role
		own.add(d.Decide(bare))
	}
	for attached, list := range w.resources {
		if r.Resource == attached || strings.HasPrefix(r.Resource, attached+"/") {
			for _, d := range list {
				others.add(d.Decide(r))
			}
		}
	}
	account := iampolicy.AccountOf(r.Resource)
	switch {
	case own.denied || others.denied:
		return false
	case !strings.HasPrefix(r.Principal, "arn:"), r.Action == "sts:AssumeRole":
		return others.allowed
	case strings.Contains(r.Resource, ":kms:"), account != "" && account != iampolicy.AccountOf(r.Principal):
		return own.allowed && others.allowed
	}
	return own.allowed || others.allowed
}

// verdict is what several policies say together. What one is unsure of counts as
// denied: a test must not pass on what is not understood.
type verdict struct{ allowed, denied bool }

func (v *verdict) add(d iampolicy.Decision) {
	v.allowed = v.allowed || d.Allowed()
	v.denied = v.denied || d.Effect == iampolicy.Denied || d.Effect == iampolicy.Unsure
}
