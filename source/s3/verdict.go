package s3

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/source"
)

// verdict is what an error of S3 means for the object (S3 API Reference, error
// responses).
type verdict uint8

const (
	passing   verdict = iota // try again after a while
	notThere                 // perhaps not yet
	deleted                  // for certain
	denied                   // permissions, keys, credentials
	archived                 // in Glacier
	changed                  // no longer the object that was begun
	movedAway                // in another region
	senseless                // a request that can never succeed
	pastEnd                  // a range beyond the end of the object
)

var verdicts = map[string]verdict{
	"NoSuchKey":                          notThere,
	"NoSuchVersion":                      notThere,
	"NotFound":                           notThere,
	"NoSuchBucket":                       denied,
	"AccessDenied":                       denied,
	"Forbidden":                          denied,
	"AllAccessDisabled":                  denied,
	"AccountProblem":                     denied,
	"InvalidAccessKeyId":                 denied,
	"InvalidToken":                       denied,
	"ExpiredToken":                       denied,
	"TokenRefreshRequired":               denied,
	"SignatureDoesNotMatch":              denied,
	"RequestTimeTooSkewed":               denied,
	"NotSignedUp":                        denied,
	"UnauthorizedAccess":                 denied,
	credentials:                          denied,
	"InvalidObjectState":                 archived,
	"PreconditionFailed":                 changed,
	"InvalidRange":                       pastEnd,
	"PermanentRedirect":                  movedAway,
	"TemporaryRedirect":                  movedAway,
	"Redirect":                           movedAway,
	"MovedPermanently":                   movedAway,
	"AuthorizationHeaderMalformed":       movedAway,
	"IllegalLocationConstraintException": movedAway,
	"InvalidBucketName":                  senseless,
	"KeyTooLongError":                    senseless,
	"InvalidURI":                         senseless,
	"InvalidArgument":                    senseless,
	"SlowDown":                           passing,
	"ServiceUnavailable":                 passing,
	"InternalError":                      passing,
	"RequestTimeout":                     passing,
	"OperationAborted":                   passing,
}

// credentials is the code of an error that the SDK made before it called.
const credentials = "NoCredentials"

// judge tells what err means.
func judge(err error) verdict {
	var replaced *source.Changed
	if errors.As(err, &replaced) {
		return changed
	}
	code, h := errorCode(err), header(err)
	if h.Get("x-amz-delete-marker") == "true" {
		return deleted
	}
	if v, ok := verdicts[code]; ok {
		return v
	}
	switch awsx.KindOfCode(code) { // of AWS KMS or AWS STS behind it, and of what stands in its place
	case awsx.Throttled, awsx.Server:
		return passing
	case awsx.Denied:
		return denied
	}
	if strings.HasPrefix(code, "KMS.") {
		return denied
	}
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return movedAway // a region that is none: the message's hint was wrong
	}
	switch status(err) {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return movedAway
	case http.StatusUnauthorized, http.StatusForbidden:
		return denied
	case http.StatusNotFound:
		return notThere
	case http.StatusPreconditionFailed:
		return changed
	case http.StatusRequestedRangeNotSatisfiable:
		return pastEnd
	case http.StatusBadRequest:
		if r := h.Get("x-amz-bucket-region"); r != "" {
			return movedAway
		}
		return senseless
	case http.StatusMethodNotAllowed:
		return deleted // the version is a delete marker
	}
	return passing
}

// errorCode is the service's word for err, or a word for what happened before
// the service was asked.
func errorCode(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	var sign interface{ SigningError() }
	if errors.As(err, &sign) || strings.Contains(err.Error(), "get credentials") || strings.Contains(err.Error(), "get identity") {
		return credentials
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return "RequestTimeout"
	}
	return ""
}

func response(err error) *http.Response {
	var re *smithyhttp.ResponseError
	if !errors.As(err, &re) || re.Response == nil {
		return nil
	}
	return re.Response.Response
}

func status(err error) int {
	if r := response(err); r != nil {
		return r.StatusCode
	}
	return 0
}

func header(err error) http.Header {
	if r := response(err); r != nil {
		return r.Header
	}
	return nil
}

// bucketRegion is the region that an error names.
func bucketRegion(err error) string {
	return header(err).Get("x-amz-bucket-region")
}

func storageClass(err error) string {
	var state *types.InvalidObjectState
	if errors.As(err, &state) && state.StorageClass != "" {
		return string(state.StorageClass)
	}
	return "Glacier"
}
