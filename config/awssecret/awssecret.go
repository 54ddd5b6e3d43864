// Package awssecret fetches secrets that AWS Secrets Manager and the Parameter
// Store of Systems Manager keep.
package awssecret

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"github.com/trailwarden/trailwarden/config"
)

// Fetchers are how a config.Secrets asks AWS. The configuration is asked for
// only when a secret is, so that who keeps none there needs no credentials.
func Fetchers(aws func(context.Context) (aws.Config, error)) map[string]config.Fetch {
	return map[string]config.Fetch{
		config.SchemeManager: func(ctx context.Context, name string) (string, error) {
			cfg, err := aws(ctx)
			if err != nil {
				return "", err
			}
			return fromManager(ctx, regional(cfg, name), name)
		},
		config.SchemeSSM: func(ctx context.Context, name string) (string, error) {
			cfg, err := aws(ctx)
			if err != nil {
				return "", err
			}
			return fromStore(ctx, regional(cfg, name), name)
		},
	}
}

// regional asks in the region that an ARN names.
func regional(cfg aws.Config, name string) aws.Config {
	if a, err := arn.Parse(name); err == nil && a.Region != "" {
		cfg.Region = a.Region
	}
	return cfg
}

func fromManager(ctx context.Context, cfg aws.Config, name string) (string, error) {
	out, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
	switch {
	case err != nil:
		return "", plain("Secrets Manager", "secretsmanager:GetSecretValue", err)
	case out.SecretString != nil:
		return *out.SecretString, nil
	}
	return string(out.SecretBinary), nil
}

func fromStore(ctx context.Context, cfg aws.Config, name string) (string, error) {
	out, err := ssm.NewFromConfig(cfg).GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	if err != nil {
		return "", plain("Parameter Store", "ssm:GetParameter", err)
	}
	if out.Parameter == nil {
		return "", errors.New("the Parameter Store gave an empty answer")
	}
	return aws.ToString(out.Parameter.Value), nil
}

// plain says in one line what AWS answered; permission is what the caller needs.
func plain(who, permission string, err error) error {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return fmt.Errorf("%s could not be asked: %w", who, err)
	}
	switch code := api.ErrorCode(); code {
	case "ResourceNotFoundException", "ParameterNotFound":
		return fmt.Errorf("%s has none of this name in this account and region", who)
	case "AccessDeniedException", "AccessDenied":
		return fmt.Errorf("%s refuses: the caller needs %s on it, and kms:Decrypt on its key", who, permission)
	default:
		return fmt.Errorf("%s answered %s: %s", who, code, api.ErrorMessage())
	}
}
