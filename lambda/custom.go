package lambda

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/deploy/notification"
	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/internal/re2"
)

// BucketNotification is the type of the one custom resource: a notification of a
// bucket that exists already, which is merged into those that it has.
//
//	Type: Custom::BucketNotification
//	Properties:
//	  ServiceToken: the function's ARN
//	  ServiceTimeout: 120
//	  Bucket: its name
//	  Id: a name that no other stack uses for this bucket
//	  TopicArn | QueueArn | FunctionArn: the destination, or EventBridge: true
//	  Prefix, Suffix: of the keys (optional)
//	  Events: s3:ObjectCreated:* when it is left out
//	  Owner: the bucket's account (optional)
//
// The function's role needs s3:GetBucketNotification and
// s3:PutBucketNotification on that bucket, and the resource has to depend on the
// policy that lets s3.amazonaws.com into the destination.
//
// The same event without ResponseURL is answered directly, for Terraform's
// aws_lambda_invocation with lifecycle_scope CRUD, whose "tf" block says what is
// to be done.
const BucketNotification = "Custom::BucketNotification"

// Resources answers requests for custom resources.
type Resources struct {
	// Buckets is Amazon S3 in the function's region.
	Buckets notification.Client
	// HTTP sends answers; nil means a client that follows no redirects.
	HTTP interface {
		Do(*http.Request) (*http.Response, error)
	}
	// Wait is for tests; nil waits by the clock.
	Wait func(context.Context, time.Duration) error
}

// request is what CloudFormation sends to a function (CloudFormation User Guide,
// custom resource request objects), and Terraform's block beside it.
type request struct {
	kind, url string
	stack, id string
	logical   string
	physical  string
	wanted    properties
	before    properties
}

// properties are those of the resource. CloudFormation hands every value over
// as text.
type properties map[string]json.RawMessage

// isResource tells a request for a custom resource from every trigger.
func isResource(payload []byte) bool {
	var fields map[string]json.RawMessage // exact names, which a struct would not ask for
	if json.Unmarshal(payload, &fields) != nil {
		return false
	}
	return text(fields["ResourceType"]) == BucketNotification && fields["ResourceProperties"] != nil
}

func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

func parseRequest(payload []byte) (request, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(payload, &fields); err != nil {
		return request{}, err
	}
	r := request{kind: text(fields["RequestType"]), url: text(fields["ResponseURL"]), stack: text(fields["StackId"]), id: text(fields["RequestId"]),
		logical: text(fields["LogicalResourceId"]), physical: text(fields["PhysicalResourceId"])}
	if err := json.Unmarshal(fields["ResourceProperties"], &r.wanted); err != nil {
		return r, fmt.Errorf("ResourceProperties: %w", err)
	}
	if raw := fields["OldResourceProperties"]; raw != nil {
		if err := json.Unmarshal(raw, &r.before); err != nil {
			return r, fmt.Errorf("OldResourceProperties: %w", err)
		}
	}
	return r, r.readTerraform(fields["tf"])
}

// readTerraform reads the block that Terraform adds to the input of an
// invocation (Terraform's AWS provider, aws_lambda_invocation, CRUD).
func (r *request) readTerraform(raw json.RawMessage) error {
	if raw == nil {
		return nil
	}
	var tf map[string]json.RawMessage
	if err := json.Unmarshal(raw, &tf); err != nil {
		return fmt.Errorf("tf: %w", err)
	}
	action := text(tf["action"])
	r.kind = map[string]string{"create": "Create", "update": "Update", "delete": "Delete"}[action]
	var before map[string]json.RawMessage
	if json.Unmarshal(tf["prev_input"], &before) == nil && before["ResourceProperties"] != nil {
		return json.Unmarshal(before["ResourceProperties"], &r.before)
	}
	return nil
}

// notMade is the physical id of a resource that could not be made. When
// CloudFormation asks for its deletion, there is nothing to take away: an entry
// of that Id would be somebody else's.
const notMade = "not-made"

// answer is what CloudFormation wants to hear (CloudFormation User Guide, custom
// resource response objects).
type answer struct {
	Status             string
	Reason             string `json:",omitempty"`
	PhysicalResourceID string `json:"PhysicalResourceId"`
	StackID            string `json:"StackId,omitempty"`
	RequestID          string `json:"RequestId,omitempty"`
	LogicalResourceID  string `json:"LogicalResourceId,omitempty"`
}

// resource does what a request asks for, and tells whoever asked. Its error
// makes Lambda try again, which does no harm.
func (f *Function) resource(ctx context.Context, payload []byte) ([]byte, error) {
	if f.o.Resources == nil {
		return nil, errors.New("this function makes no custom resources")
	}
	r, err := parseRequest(payload)
	if err == nil && r.url != "" {
		err = checkResponseURL(r.url)
	}
	if err != nil {
		return nil, fmt.Errorf("custom resource: %w", err)
	}
	id, err := f.o.Resources.carryOut(ctx, r)
	f.o.Log.Info("custom resource", "request", r.kind, "stack", r.stack, "id", id, "error", err)
	a := answer{Status: "SUCCESS", PhysicalResourceID: id, StackID: r.stack, RequestID: r.id, LogicalResourceID: r.logical}
	if err != nil {
		a.Status, a.Reason = "FAILED", shortened(err.Error())
	}
	out, e := json.Marshal(a)
	if e != nil {
		return nil, e
	}
	if r.url != "" {
		return out, f.o.Resources.send(ctx, r.url, out)
	}
	return out, err
}

// carryOut changes the bucket's notifications and returns the physical id.
func (r *Resources) carryOut(ctx context.Context, q request) (id string, err error) {
	switch q.kind {
	case "Create", "Update":
		return r.put(ctx, q)
	case "Delete":
		return cmp.Or(q.physical, notMade), r.remove(ctx, q)
	}
	return cmp.Or(q.physical, notMade), fmt.Errorf("request %q: want Create, Update or Delete", q.kind)
}

func (r *Resources) put(ctx context.Context, q request) (id string, err error) {
	failed := cmp.Or(q.physical, notMade)
	c, err := q.wanted.change()
	if err != nil {
		return failed, err
	}
	result, err := r.apply(ctx, c)
	if err != nil && !result.Written {
		return failed, err
	}
	if err == nil && q.url == "" && q.before != nil {
		err = r.leave(ctx, q.before, c) // CloudFormation asks for that itself
	}
	return physicalID(c), err
}

// leave takes the entry away from where it was before, when that is elsewhere.
func (r *Resources) leave(ctx context.Context, before properties, now notification.Change) error {
	old, err := before.change()
	if err != nil || physicalID(old) == physicalID(now) {
		return nil // what was never right was never made
	}
	return r.takeAway(ctx, old)
}

func (r *Resources) remove(ctx context.Context, q request) error {
	c, err := q.wanted.change()
	if err != nil || q.url != "" && q.physical != physicalID(c) {
		return nil // it was never made
	}
	return r.takeAway(ctx, c)
}

// takeAway removes the entry; a bucket that is gone has none.
func (r *Resources) takeAway(ctx context.Context, c notification.Change) error {
	c.Remove = true
	_, err := r.apply(ctx, c)
	if awsx.Classify(err).Kind == awsx.NotFound {
		return nil
	}
	return err
}

// tries is how often a refusal is taken for a policy that is not known everywhere
// yet: a stack makes role and destination moments before (IAM User Guide, changes
// are not always immediately visible). Together they wait 50 seconds at most.
const tries = 5

func (r *Resources) apply(ctx context.Context, c notification.Change) (notification.Result, error) {
	c.Wait = r.Wait
	for i := 1; ; i++ {
		result, err := c.Apply(ctx, r.Buckets)
		if err == nil || result.Written || i == tries || !early(err) {
			return result, err
		}
		if e := c.Pause(ctx, time.Duration(i)*5*time.Second); e != nil {
			return result, errors.Join(err, e)
		}
	}
}

// early tells whether an error may be over in a moment.
func early(err error) bool {
	return awsx.Classify(err).Kind == awsx.Denied || strings.Contains(err.Error(), "Unable to validate the following destination")
}

// physicalID is new when the bucket or the Id is another, which makes
// CloudFormation ask for the deletion of the old one.
func physicalID(c notification.Change) string {
	if c.Entry.EventBridge {
		return c.Bucket + "/EventBridge"
	}
	return c.Bucket + "/" + cmp.Or(c.Entry.ID, notification.DefaultID)
}

// change is what the properties ask for.
func (p properties) change() (notification.Change, error) {
	for name := range p {
		switch name {
		case "ServiceToken", "ServiceTimeout", "Bucket", "Id", "TopicArn", "QueueArn", "FunctionArn", "EventBridge", "Prefix", "Suffix", "Events", "Owner":
		default:
			return notification.Change{}, fmt.Errorf("property %q is unknown", name)
		}
	}
	c := notification.Change{Bucket: text(p["Bucket"]), Owner: text(p["Owner"]), Entry: notification.Entry{ID: text(p["Id"]),
		Prefix: text(p["Prefix"]), Suffix: text(p["Suffix"]), EventBridge: strings.Trim(string(p["EventBridge"]), `"`) == "true"}}
	if c.Bucket == "" {
		return c, errors.New("property Bucket: want the name of a bucket")
	}
	for _, name := range []string{"TopicArn", "QueueArn", "FunctionArn"} {
		switch to := text(p[name]); {
		case to == "":
		case c.Entry.Destination != "":
			return c, fmt.Errorf("property %s: there is another destination already", name)
		default:
			c.Entry.Destination = to
		}
	}
	if raw := p["Events"]; raw != nil {
		if err := json.Unmarshal(raw, &c.Entry.Events); err != nil {
			return c, errors.New("property Events: want a list of names")
		}
	}
	return c, c.Entry.Check()
}

// responseHost is where CloudFormation wants answers: a pre-signed URL of a
// bucket of its own in Amazon S3 (AWS knowledge center and CloudFormation User
// Guide, VPC endpoints, name those buckets). Whoever may invoke the function
// could name any other address to have it called.
var responseHost = re2.Own(`^cloudformation-custom-resource-response-[a-z0-9-]+\.s3([.-][a-z0-9-]+)?\.amazonaws\.com(\.cn)?$`)

func checkResponseURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return errors.New("ResponseURL is no URL") // without it: its signature is a secret
	case u.Scheme != "https" || u.User != nil || u.Port() != "" || !responseHost.MatchString(u.Host):
		return fmt.Errorf("ResponseURL leads to %q: want https to a bucket of CloudFormation's in Amazon S3", u.Host)
	case !u.Query().Has("Signature") && !u.Query().Has("X-Amz-Signature"):
		return errors.New("ResponseURL is not pre-signed")
	}
	return nil
}

// send puts the answer where CloudFormation waits for it.
func (r *Resources) send(ctx context.Context, to string, body []byte) error {
	client := r.HTTP
	if client == nil {
		client = &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, to, bytes.NewReader(body))
	if err != nil {
		return errors.New("custom resource: ResponseURL is no URL")
	}
	resp, err := client.Do(req) // without a content type: it would have to be signed
	if err != nil {
		if withURL := (*url.Error)(nil); errors.As(err, &withURL) {
			err = withURL.Err
		}
		return fmt.Errorf("custom resource: answering at %s: %w", req.URL.Host, err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // for the connection's sake
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("custom resource: answering at %s: status %d", req.URL.Host, resp.StatusCode)
	}
	return nil
}

// maxReason keeps an answer below the 4,096 bytes that CloudFormation takes.
const maxReason = 1500

func shortened(s string) string {
	if len(s) <= maxReason {
		return s
	}
	return strings.ToValidUTF8(s[:maxReason], "") + " …"
}
