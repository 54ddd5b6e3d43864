package awsx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// Kind is what an error asks of its caller.
type Kind string

// The kinds of error.
const (
	Throttled Kind = "throttled" // later, and slower
	Denied    Kind = "denied"    // credentials or permissions are refused
	NotFound  Kind = "not found" // what was named does not exist
	Invalid   Kind = "invalid"   // the request can never succeed
	Server    Kind = "server"    // the service failed
	Network   Kind = "network"   // no answer, or not the whole of it
	Canceled  Kind = "canceled"  // the caller's context ended
)

// Fault is an error of an AWS call, sorted.
type Fault struct {
	Kind   Kind
	Code   string // the API's error code, or NoCredentials; empty without an answer
	Text   string // what the API or the network said; holds no credentials
	Status int    // of HTTP; 0 without an answer
	// Sent tells that the request may have reached the service.
	Sent bool
	// After is how long the service asked to wait; 0 when it did not.
	After time.Duration
}

// Error says the fault on one line.
func (f Fault) Error() string {
	if f.Code == "" {
		return string(f.Kind) + ": " + f.Text
	}
	return fmt.Sprintf("%s: %s", f.Code, f.Text)
}

// noCredentials is the Code of calls that were not made for want of credentials.
const noCredentials = "NoCredentials"

// Advice says what to do when the credentials themselves are missing, wrong or
// expired, where no permission helps; it is empty of every other fault.
func (f Fault) Advice() string {
	switch f.Code {
	case noCredentials:
		return "Give credentials: sign in, name a profile with AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; a machine in AWS gets them from its role."
	case "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "InvalidToken", "InvalidAccessKeyId", "UnrecognizedClientException",
		"SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "IncompleteSignatureException", "AuthFailure",
		"MissingAuthenticationToken", "MissingAuthenticationTokenException", "RequestExpired", "RequestTimeTooSkewed":
		return "Renew the credentials, and set the machine's clock."
	}
	return ""
}

// Classify sorts an error that an AWS client returned, once or again; nil gives
// the zero Fault.
func Classify(err error) Fault {
	if err == nil {
		return Fault{}
	}
	if known := (Fault{}); errors.As(err, &known) {
		return known
	}
	f := Fault{Text: err.Error(), Sent: true}
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil {
		f.Status = answer.HTTPStatusCode()
		f.After = retryAfter(answer.Response.Header)
	}
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		f.Code, f.Text = api.ErrorCode(), api.ErrorMessage()
		f.Kind = kindOfCode(f.Code, f.Status)
	case f.Status != 0:
		f.Kind = kindOfStatus(f.Status)
	default:
		f.withoutAnswer(err)
	}
	return f
}

// codes are the error codes that status and suffix do not tell already. From
// the API models of the services and "Common Error Types" of their references.
func codes() map[string]Kind {
	return map[string]Kind{
		"Throttling": Throttled, "ThrottlingException": Throttled, "ThrottledException": Throttled, "Throttled": Throttled,
		"RequestThrottled": Throttled, "RequestThrottledException": Throttled, "SlowDown": Throttled,
		"TooManyRequestsException": Throttled, "TooManyRequests": Throttled, "RequestLimitExceeded": Throttled,
		"BandwidthLimitExceeded": Throttled, "LimitExceededException": Throttled, "LimitExceeded": Throttled,
		"ProvisionedThroughputExceededException": Throttled, "TransactionInProgressException": Throttled,
		"PriorRequestNotComplete": Throttled, "EC2ThrottledException": Throttled, "KMSThrottling": Throttled,
		"KMSThrottlingException": Throttled, "KmsThrottled": Throttled, "OverLimit": Throttled,

		"AccessDenied": Denied, "AccessDeniedException": Denied, "AuthorizationError": Denied,
		"AuthorizationErrorException": Denied, "UnauthorizedOperation": Denied, "NotAuthorized": Denied,
		"UnauthorizedException": Denied, "AuthFailure": Denied, "AllAccessDisabled": Denied, "AccountProblem": Denied,
		"ExpiredToken": Denied, "ExpiredTokenException": Denied, "InvalidClientTokenId": Denied, "InvalidToken": Denied,
		"InvalidAccessKeyId": Denied, "UnrecognizedClientException": Denied, "SignatureDoesNotMatch": Denied,
		"InvalidSignatureException": Denied, "IncompleteSignature": Denied, "IncompleteSignatureException": Denied,
		"MissingAuthenticationToken": Denied, "MissingAuthenticationTokenException": Denied, "OptInRequired": Denied,
		"NotSignedUp": Denied, "InvalidAccessException": Denied, "SubscriptionRequiredException": Denied,
		"RequestExpired": Denied, "RequestTimeTooSkewed": Denied, "RegionDisabledException": Denied,
		"InvalidSecurity": Denied, "InvalidSecurityException": Denied,
		"KMSAccessDenied": Denied, "KMSAccessDeniedException": Denied, "KMSDisabled": Denied, "KMSDisabledException": Denied,
		"KMSOptInRequired": Denied, "KMSInvalidState": Denied, "KMSInvalidStateException": Denied,
		"KMSNotFound": Denied, "KMSNotFoundException": Denied,

		"NotFound": NotFound, "NotFoundException": NotFound, "NoSuchBucket": NotFound, "NoSuchKey": NotFound,
		"NoSuchVersion": NotFound, "NoSuchEntity": NotFound, "ResourceNotFoundException": NotFound,
		"ResourceNotFound": NotFound, "QueueDoesNotExist": NotFound, "AWS.SimpleQueueService.NonExistentQueue": NotFound,
		"ParameterNotFound": NotFound, "EndpointDisabled": NotFound, "EndpointDisabledException": NotFound,

		"InternalError": Server, "InternalErrorException": Server, "InternalFailure": Server, "InternalServerError": Server,
		"InternalServerException": Server, "InternalException": Server, "InternalServiceError": Server,
		"InternalServiceException": Server, "ServiceUnavailable": Server, "ServiceUnavailableException": Server,
		"RequestTimeout": Server, "RequestTimeoutException": Server, "ServiceException": Server,
		"TransientError": Server,
	}
}

// KindOfCode is the kind of an error code that stands in an answer's body, as
// those of batches do.
func KindOfCode(code string) Kind { return kindOfCode(code, 0) }

func kindOfCode(code string, status int) Kind {
	code = code[strings.LastIndexByte(code, '#')+1:]
	if k, ok := codes()[code]; ok {
		return k
	}
	if k := kindOfStatus(status); status != 0 && (k != Invalid || status != http.StatusBadRequest) {
		return k
	}
	switch {
	case strings.Contains(code, "Throttl"):
		return Throttled
	case strings.Contains(code, "AccessDenied"), strings.Contains(code, "NotAuthorized"):
		return Denied
	case strings.HasSuffix(code, "NotFoundException"), strings.HasSuffix(code, "NotFound"):
		return NotFound
	}
	return Invalid
}

func kindOfStatus(status int) Kind {
	switch {
	case status == http.StatusTooManyRequests:
		return Throttled
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return Denied
	case status == http.StatusNotFound:
		return NotFound
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status >= 500:
		return Server
	case status >= 300:
		return Invalid
	}
	return Network // it said yes, and the rest of the answer was lost
}

// withoutAnswer sorts errors of calls that got no answer, and tells whether
// the request can have left.
func (f *Fault) withoutAnswer(err error) {
	var dial *net.OpError
	var name *net.DNSError
	switch {
	case errors.As(err, &name), errors.As(err, &dial) && dial.Op == "dial":
		f.Kind, f.Sent = Network, false
	case errors.Is(err, context.Canceled):
		f.Kind = Canceled
	case errors.Is(err, context.DeadlineExceeded):
		f.Kind = Network
	case badCertificate(err):
		f.Kind, f.Sent = Denied, false
	case strings.Contains(f.Text, "failed to retrieve credentials"), strings.Contains(f.Text, "failed to refresh cached credentials"),
		strings.Contains(f.Text, "get identity"):
		f.Kind, f.Sent = Denied, false
		f.Code, f.Text = noCredentials, "no AWS credentials can be had: "+reasonOf(f.Text)
	case unfit(err):
		f.Kind, f.Sent = Invalid, false
	default:
		f.Kind = Network
	}
}

// reasonOf is the end of the SDK's text, after the ways that it went through.
func reasonOf(text string) string {
	for _, way := range []string{"get credentials: ", "failed to refresh cached credentials, ", "failed to retrieve credentials: "} {
		if _, rest, ok := strings.Cut(text, way); ok {
			text = rest
		}
	}
	return text
}

// unfit tells errors of building the request: what it lacks no retry mends.
func unfit(err error) bool {
	var params smithy.InvalidParamsError
	var serialization *smithy.SerializationError
	return errors.As(err, &params) || errors.As(err, &serialization)
}

func badCertificate(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &host)
}

// longestWait bounds what a service may ask for.
const longestWait = time.Hour

// retryAfter reads the header in seconds; AWS sends no dates there.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(strings.TrimSpace(h.Get("Retry-After")))
	if err != nil || n < 0 {
		return 0
	}
	if n > int(longestWait/time.Second) {
		return longestWait
	}
	return time.Duration(n) * time.Second
}
