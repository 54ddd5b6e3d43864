package doctor

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
)

// publicAccess is what of public access is blocked for a bucket: by itself, or by
// the account that it belongs to. Each setting holds where either has it (Amazon
// S3 User Guide, "Blocking public access to your Amazon S3 storage").
func (e *Env) publicAccess(ctx context.Context, client *s3.Client, bucket string) (blocked blocks, err error) {
	own, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &bucket})
	switch {
	case missing(err):
	case err != nil:
		return blocked, err
	default:
		blocked.add(own.PublicAccessBlockConfiguration)
	}
	if blocked.all() {
		return blocked, nil
	}
	who, err := e.caller(ctx)
	if err != nil {
		return blocked, err
	}
	if _, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket, ExpectedBucketOwner: &who.account}); err != nil {
		blocked.foreign = true // it could be looked at without that name before
		return blocked, nil
	}
	account, err := e.accountBlock(ctx, who)
	if err == nil {
		blocked.add(account)
	}
	return blocked, err
}

// blocks are the four settings that block public access.
type blocks struct {
	newACLs, oldACLs, newPolicies, oldPolicies bool
	foreign                                    bool // the bucket is another account's, which was not asked
}

func (b *blocks) add(c *s3types.PublicAccessBlockConfiguration) {
	if c == nil {
		return
	}
	b.newACLs = b.newACLs || aws.ToBool(c.BlockPublicAcls)
	b.oldACLs = b.oldACLs || aws.ToBool(c.IgnorePublicAcls)
	b.newPolicies = b.newPolicies || aws.ToBool(c.BlockPublicPolicy)
	b.oldPolicies = b.oldPolicies || aws.ToBool(c.RestrictPublicBuckets)
}

func (b *blocks) all() bool { return b.newACLs && b.oldACLs && b.newPolicies && b.oldPolicies }

// maxAnswer bounds an answer of four settings, or of an error.
const maxAnswer = 64 << 10

// accountBlock is what the caller's account blocks for all its buckets; nil for
// nothing. Of S3's control API this one question is asked, so it is asked without
// a client of its own (Amazon S3 API Reference, S3 Control, GetPublicAccessBlock).
func (e *Env) accountBlock(ctx context.Context, who caller) (*s3types.PublicAccessBlockConfiguration, error) {
	return asked(e, "public access of the account", func() (*s3types.PublicAccessBlockConfiguration, error) {
		found, err := e.askAccountBlock(ctx, who)
		if err != nil {
			return nil, &smithy.OperationError{ServiceID: "S3 Control", OperationName: "GetPublicAccessBlock", Err: err}
		}
		return found, nil
	})
}

func (e *Env) askAccountBlock(ctx context.Context, who caller) (*s3types.PublicAccessBlockConfiguration, error) {
	region := cmp.Or(e.aws.Region, "us-east-1")
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, controlEndpoint(e.aws, who, region)+"/v20180820/configuration/publicAccessBlock", nil)
	if err != nil {
		return nil, err
	}
	if e.aws.Credentials == nil {
		return nil, errors.New("there are no credentials")
	}
	keys, err := e.aws.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	empty := sha256.Sum256(nil)
	sum := hex.EncodeToString(empty[:])
	r.Header.Set("x-amz-account-id", who.account)
	r.Header.Set("x-amz-content-sha256", sum)
	if err := v4.NewSigner().SignHTTP(ctx, keys, r, sum, "s3", region, time.Now()); err != nil { // AWS's clock is the real one
		return nil, err
	}
	client := e.aws.HTTPClient
	if client == nil {
		client = awshttp.NewBuildableClient()
	}
	answer, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	return readBlock(answer.StatusCode, body)
}

// controlEndpoint is where S3's control API of an account is.
func controlEndpoint(cfg aws.Config, who caller, region string) string {
	if base := aws.ToString(cfg.BaseEndpoint); base != "" {
		return strings.TrimSuffix(base, "/")
	}
	suffix := "amazonaws.com"
	for _, p := range catalog.Default().Partitions() {
		if p.Name == who.partition {
			suffix = p.DNSSuffix
		}
	}
	return "https://" + who.account + ".s3-control." + region + "." + suffix
}

// readBlock reads S3's answer; nothing blocked is no error.
func readBlock(status int, body []byte) (*s3types.PublicAccessBlockConfiguration, error) {
	if status != http.StatusOK {
		var e struct {
			Code    string
			Message string
			Error   struct{ Code, Message string }
		}
		_ = xml.Unmarshal(body, &e) // an answer that is none has no code
		code, message := cmp.Or(e.Error.Code, e.Code), cmp.Or(e.Error.Message, e.Message, http.StatusText(status))
		if code == "NoSuchPublicAccessBlockConfiguration" {
			return nil, nil
		}
		return nil, &smithy.GenericAPIError{Code: cmp.Or(code, "Http"+http.StatusText(status)), Message: message}
	}
	var c s3types.PublicAccessBlockConfiguration
	if err := xml.Unmarshal(body, &c); err != nil {
		return nil, err
	}
	return &c, nil
}
