// Command trailwarden-lambda is the bootstrap of the Lambda function. It takes
// its settings from the environment:
//
//	TRAILWARDEN_CONFIG   trailwarden.yaml in the bundle (the default), s3://bucket/key or ssm:/name
//	TRAILWARDEN_TABLE    DynamoDB table that keeps the last good configuration from S3 or SSM for cold starts
//	TRAILWARDEN_REFRESH  how old configuration and rules may be, such as 1m
//
// Everything else is in the configuration.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	awslambda "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/internal/period"
	"github.com/trailwarden/trailwarden/lambda"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	f, err := function(context.Background(), log)
	if err != nil {
		log.Error("the function cannot start", "error", err)
		os.Exit(1)
	}
	awslambda.Start(f)
}

func function(ctx context.Context, log *slog.Logger) (*lambda.Function, error) {
	refresh := time.Minute
	if text := os.Getenv("TRAILWARDEN_REFRESH"); text != "" {
		var err error
		if refresh, err = period.ParseGo(text); err != nil {
			return nil, fmt.Errorf("TRAILWARDEN_REFRESH: %q is %w; want such as 30s, 1m or 1h", text, err)
		}
	}
	cfg, err := awsx.Load(ctx, awsx.Settings{})
	if err != nil {
		return nil, err
	}
	r := &lambda.Remote{Ref: os.Getenv("TRAILWARDEN_CONFIG"), AWS: cfg, Bundle: os.Getenv("LAMBDA_TASK_ROOT"), Remark: remark(log)}
	if r.Ref == "" {
		r.Ref = "trailwarden.yaml"
	}
	r.Options.Report = func(err error) { log.Error("something is amiss that stops nothing", "error", err) }
	r.Trouble = func(err error) { log.Error("configuration", "error", err) }
	if name := os.Getenv("TRAILWARDEN_TABLE"); name != "" && (strings.HasPrefix(r.Ref, "s3://") || strings.HasPrefix(r.Ref, "ssm:")) {
		r.LastGood = &keeper{cfg: cfg, table: name}
	}
	resources := &lambda.Resources{Buckets: s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = cfg.BaseEndpoint != nil })}
	return lambda.New(lambda.Options{Load: r.Load, Reads: r.Reads, Refresh: refresh, Open: opener(log), Resources: resources, Log: log}), nil
}

// remark logs rules that are invalid; the others judge.
func remark(log *slog.Logger) func(diagnostic.List) {
	return func(list diagnostic.List) {
		for _, d := range list {
			log.Error("a rule is left out", "file", d.File, "line", d.Line, "rule", d.Rule, "code", d.Code, "error", d.Message)
		}
	}
}
