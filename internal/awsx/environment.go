package awsx

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	smithy "github.com/aws/smithy-go/middleware"
)

// fromEnvironment makes a configuration of environment variables alone, by the
// names and meanings of the AWS SDKs and Tools Reference Guide. Lambda gives a
// function its region and credentials there, and those of a snapshot (SnapStart)
// by an address that it names there.
func (s Settings) fromEnvironment() (aws.Config, error) {
	if s.Profile != "" {
		return aws.Config{}, fmt.Errorf("profile %q: a Lambda function has the credentials of its role, and no profiles; leave aws.profile out, and name a role to assume where another is meant", s.Profile)
	}
	cfg := aws.Config{
		Region:        cmp.Or(s.Region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION")),
		Retryer:       s.retryer,
		Logger:        logging.LoggerFunc(s.log),
		APIOptions:    []func(*smithy.Stack) error{s.agent()},
		ConfigSources: []any{variables{}},
		AppID:         os.Getenv("AWS_SDK_UA_APP_ID"),

		RequestMinCompressSizeBytes: 10 << 10, // the SDK's default
		DisableRequestCompression:   strings.EqualFold(os.Getenv("AWS_DISABLE_REQUEST_COMPRESSION"), "true"),
	}
	if endpoint := cmp.Or(s.Endpoint, general()); endpoint != "" {
		cfg.BaseEndpoint = &endpoint
	}
	var err, badClient error
	cfg.HTTPClient, badClient = trusting(s.client())
	err = errors.Join(badClient,
		choose("AWS_ACCOUNT_ID_ENDPOINT_MODE", &cfg.AccountIDEndpointMode, map[string]aws.AccountIDEndpointMode{
			"": aws.AccountIDEndpointModePreferred, "preferred": aws.AccountIDEndpointModePreferred,
			"required": aws.AccountIDEndpointModeRequired, "disabled": aws.AccountIDEndpointModeDisabled}),
		choose("AWS_REQUEST_CHECKSUM_CALCULATION", &cfg.RequestChecksumCalculation, map[string]aws.RequestChecksumCalculation{
			"": aws.RequestChecksumCalculationWhenSupported, "when_supported": aws.RequestChecksumCalculationWhenSupported,
			"when_required": aws.RequestChecksumCalculationWhenRequired}),
		choose("AWS_RESPONSE_CHECKSUM_VALIDATION", &cfg.ResponseChecksumValidation, map[string]aws.ResponseChecksumValidation{
			"": aws.ResponseChecksumValidationWhenSupported, "when_supported": aws.ResponseChecksumValidationWhenSupported,
			"when_required": aws.ResponseChecksumValidationWhenRequired}))
	if err != nil {
		return aws.Config{}, err
	}
	provider, err := credentialsOf(cfg)
	cfg.Credentials = provider
	return cfg, err
}

// choose sets what an environment variable says in one of a few words.
func choose[T any](name string, to *T, words map[string]T) error {
	v, ok := words[strings.ToLower(os.Getenv(name))]
	if !ok {
		return fmt.Errorf("%s: %q is none of its values", name, os.Getenv(name))
	}
	*to = v
	return nil
}

// general is the address of all services in place of AWS's own.
func general() string {
	if ignored, _, _ := (variables{}).GetIgnoreConfiguredEndpoints(context.Background()); ignored {
		return ""
	}
	return os.Getenv("AWS_ENDPOINT_URL")
}

// trusting is the client with the certificates of AWS_CA_BUNDLE in place of the
// system's.
func trusting(client aws.HTTPClient) (aws.HTTPClient, error) {
	file := os.Getenv("AWS_CA_BUNDLE")
	buildable, ok := client.(*awshttp.BuildableClient)
	if file == "" || !ok {
		return client, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("AWS_CA_BUNDLE: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(bytes.TrimSpace(text)) {
		return nil, fmt.Errorf("AWS_CA_BUNDLE: %s has no certificate in PEM", file)
	}
	return buildable.WithTransportOptions(func(t *http.Transport) {
		t.TLSClientConfig = t.TLSClientConfig.Clone()
		t.TLSClientConfig.RootCAs = pool
	}), nil
}

// credentialsOf finds credentials: the function's own, those of a web identity,
// or those that an address gives out.
func credentialsOf(cfg aws.Config) (aws.CredentialsProvider, error) {
	key := cmp.Or(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_ACCESS_KEY"))
	secret := cmp.Or(os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SECRET_KEY"))
	full, relative := os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"), os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
	switch token := os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE"); {
	case key != "" && secret != "":
		return credentials.StaticCredentialsProvider{Value: aws.Credentials{AccessKeyID: key, SecretAccessKey: secret,
			SessionToken: os.Getenv("AWS_SESSION_TOKEN"), AccountID: os.Getenv("AWS_ACCOUNT_ID"), Source: "EnvConfigCredentials"},
			Source: []aws.CredentialSource{aws.CredentialSourceEnvVars}}, nil
	case token != "":
		role := os.Getenv("AWS_ROLE_ARN")
		if role == "" {
			return nil, errors.New("AWS_WEB_IDENTITY_TOKEN_FILE is of use with AWS_ROLE_ARN only")
		}
		return aws.NewCredentialsCache(stscreds.NewWebIdentityRoleProvider(sts.NewFromConfig(cfg), role, stscreds.IdentityTokenFile(token),
			func(o *stscreds.WebIdentityRoleOptions) { o.RoleSessionName = os.Getenv("AWS_ROLE_SESSION_NAME") })), nil
	case relative != "":
		return handedOut(cfg, "http://169.254.170.2"+relative)
	case full != "":
		return handedOut(cfg, full)
	}
	return nil, errors.New("there are no AWS credentials in the environment: a Lambda function is given its role's, elsewhere set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
}

// handedOut are credentials that an address gives to whoever knows a token
// ("Container credential provider" of the guide). Without TLS the SDK allows the
// addresses of this machine and of the services that hand out.
func handedOut(cfg aws.Config, address string) (aws.CredentialsProvider, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("AWS_CONTAINER_CREDENTIALS_FULL_URI: %q is no address", address)
	}
	if u.Scheme != "https" && !handsOut(u.Hostname()) {
		return nil, fmt.Errorf("AWS_CONTAINER_CREDENTIALS_FULL_URI: %q: without https only this machine's and the services' own addresses are allowed", address)
	}
	provider := endpointcreds.New(address, func(o *endpointcreds.Options) {
		o.AuthorizationToken = os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
		if file := os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
			o.AuthorizationTokenProvider = endpointcreds.TokenProviderFunc(func() (string, error) {
				text, err := os.ReadFile(file)
				return string(text), err
			})
		}
		o.APIOptions, o.Retryer = cfg.APIOptions, cfg.Retryer()
	})
	return aws.NewCredentialsCache(provider, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = 5 * time.Minute }), nil
}

// variables answers what clients ask of a configuration's sources.
type variables struct{}

// truth is a variable that says true or false.
func truth(name string) (value, found bool, err error) {
	text := os.Getenv(name)
	if text == "" {
		return false, false, nil
	}
	if value, err = strconv.ParseBool(strings.ToLower(text)); err != nil {
		return false, false, fmt.Errorf("%s: %q is neither true nor false", name, text)
	}
	return value, true, nil
}

// GetIgnoreConfiguredEndpoints tells whether addresses in variables are passed over.
func (variables) GetIgnoreConfiguredEndpoints(context.Context) (value, found bool, err error) {
	return truth("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
}

// GetServiceBaseEndpoint is the address of one service in place of AWS's own.
func (variables) GetServiceBaseEndpoint(_ context.Context, service string) (string, bool, error) {
	v := os.Getenv("AWS_ENDPOINT_URL_" + strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToUpper(service)))
	return v, v != "", nil
}

// GetUseFIPSEndpoint tells whether validated cryptography is asked for.
func (variables) GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error) {
	v, found, err := truth("AWS_USE_FIPS_ENDPOINT")
	state := aws.FIPSEndpointStateDisabled
	if v {
		state = aws.FIPSEndpointStateEnabled
	}
	return state, found, err
}

// GetUseDualStackEndpoint tells whether addresses that also speak IPv6 are asked for.
func (variables) GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error) {
	v, found, err := truth("AWS_USE_DUALSTACK_ENDPOINT")
	state := aws.DualStackEndpointStateDisabled
	if v {
		state = aws.DualStackEndpointStateEnabled
	}
	return state, found, err
}

// GetS3UseARNRegion tells whether the region of an access point's ARN is used.
func (variables) GetS3UseARNRegion(context.Context) (value, found bool, err error) {
	return truth("AWS_S3_USE_ARN_REGION")
}

// GetS3DisableMultiRegionAccessPoints tells whether those are refused.
func (variables) GetS3DisableMultiRegionAccessPoints(context.Context) (value, found bool, err error) {
	return truth("AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS")
}

// GetS3DisableExpressAuth tells whether sessions of directory buckets are left out.
func (variables) GetS3DisableExpressAuth() (value, found bool) {
	value, found, _ = truth("AWS_S3_DISABLE_EXPRESS_SESSION_AUTH")
	return value, found
}

// handsOut tells whether a host is this machine, or an address from which
// Lambda, Amazon ECS and Amazon EKS hand out credentials.
func handsOut(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && (ip.IsLoopback() || host == "169.254.170.2" || host == "169.254.170.23" || ip == netip.MustParseAddr("fd00:ec2::23"))
}
