package assemble

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/pipeline/intake"
)

// askOwn bounds how long the start of a program waits for its own name.
const askOwn = 5 * time.Second

// own is who we are, by the way of speaking with AWS: it survives reloads.
type own map[awsx.Settings]string

// ownActivity recognizes the calls of the AWS clients that were made so far:
// those of roles by the role, the others by whom STS says that we are
// (GetCallerIdentity, which needs no permission). nil when they are to be
// judged. When STS does not answer, the calls with that identity are judged until
// it does: it is asked again.
func (a *Assembly) ownActivity(ctx context.Context) *intake.Own {
	if a.Config.Alerts.Own != "exclude" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, askOwn)
	defer cancel()
	known := own{}
	if before := a.o.Shared.own.Load(); before != nil {
		maps.Copy(known, *before)
	}
	var arns []string
	for s, cfg := range a.clouds.all() {
		if s.Role != "" {
			arns = append(arns, s.Role)
		}
		s.Role, s.External, s.Own = "", "", "" // whoever assumes the role, calls as well
		if known[s] == "" {
			name, err := callerOf(ctx, a, s, cfg)
			if err != nil {
				a.unnamed = true
				a.report(fmt.Errorf("our own calls cannot be told from others, so rules judge them: %w", err))
				continue
			}
			known[s] = name
		}
		arns = append(arns, known[s])
	}
	a.o.Shared.own.Store(&known)
	slices.Sort(arns)
	return intake.NewOwn(slices.Compact(arns))
}

// callerOf asks who we are without any role.
func callerOf(ctx context.Context, a *Assembly, s awsx.Settings, cfg aws.Config) (string, error) {
	base, err := a.o.LoadAWS(ctx, s)
	if err != nil {
		base = cfg
	}
	out, err := sts.NewFromConfig(awsx.Once(base)).GetCallerIdentity(ctx, nil)
	switch {
	case err != nil:
		return "", awsx.Classify(err)
	case out.Arn == nil:
		return "", errors.New("STS named nobody")
	}
	return *out.Arn, nil
}
