package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/account"
	accounttypes "github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/internal/iampolicy"
)

// caller is who asks.
type caller struct{ account, arn, partition string }

func (e *Env) caller(ctx context.Context) (caller, error) {
	return asked(e, "caller", func() (caller, error) {
		out, err := sts.NewFromConfig(e.aws).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return caller{}, err
		}
		name := aws.ToString(out.Arn)
		partition := "aws"
		if parts := strings.SplitN(name, ":", 3); len(parts) == 3 && parts[1] != "" {
			partition = parts[1]
		}
		return caller{aws.ToString(out.Account), name, partition}, nil
	})
}

// regions are those to look into: those given, or all that the account has
// enabled. Where AWS may not be asked, all that are on by default are.
func (e *Env) regions(ctx context.Context) ([]string, error) {
	if len(e.Regions) > 0 {
		return e.Regions, nil
	}
	return asked(e, "regions", func() (all []string, err error) {
		in := &account.ListRegionsInput{RegionOptStatusContains: []accounttypes.RegionOptStatus{accounttypes.RegionOptStatusEnabled, accounttypes.RegionOptStatusEnabledByDefault}}
		pages := account.NewListRegionsPaginator(account.NewFromConfig(e.aws), in)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return standardRegions(e.aws.Region), err
			}
			for _, r := range page.Regions {
				all = append(all, aws.ToString(r.RegionName))
			}
		}
		slices.Sort(all)
		return all, nil
	})
}

// standardRegions are those of the partition of home that every account has.
func standardRegions(home string) (all []string) {
	for _, r := range catalog.Default().Regions() {
		if r.Partition == partitionOf(home) && !r.OptIn {
			all = append(all, r.Code)
		}
	}
	return all
}

// partitionOf is the partition of a region; aws when it is not known.
func partitionOf(region string) string {
	if r, ok := catalog.Default().Region(region); ok {
		return r.Partition
	}
	return "aws"
}

// trail is a trail with what CloudTrail says of it.
type trail struct {
	types.Trail
	arn, home, bucket, prefix, owner string
}

func newTrail(t types.Trail) trail {
	arn := aws.ToString(t.TrailARN)
	return trail{Trail: t, arn: arn, home: aws.ToString(t.HomeRegion), bucket: aws.ToString(t.S3BucketName),
		prefix: strings.Trim(aws.ToString(t.S3KeyPrefix), "/"), owner: iampolicy.AccountOf(arn)}
}

// trails are the account's trails, or the one that was named. Trails of single
// regions are looked for in all regions when none covers them.
func (e *Env) trails(ctx context.Context) ([]trail, error) {
	return asked(e, "trails", func() ([]trail, error) {
		all, err := e.trailsIn(ctx, e.aws.Region, true)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(all, trail.everywhere) {
			regions, _ := e.regions(ctx) // trail-regions says when they cannot be had
			for _, r := range regions {
				more, err := e.trailsIn(ctx, r, false)
				if err != nil {
					return nil, fmt.Errorf("in %s: %w", r, err)
				}
				all = append(all, more...)
			}
		}
		slices.SortFunc(all, func(a, b trail) int { return strings.Compare(a.arn, b.arn) })
		all = slices.CompactFunc(all, func(a, b trail) bool { return a.arn == b.arn })
		if e.Trail != "" {
			all = slices.DeleteFunc(all, func(t trail) bool {
				return t.arn != e.Trail && aws.ToString(t.Name) != e.Trail && !strings.HasSuffix(t.arn, ":trail/"+e.Trail)
			})
		}
		return all, nil
	})
}

func (e *Env) trailsIn(ctx context.Context, region string, shadow bool) (all []trail, err error) {
	out, err := cloudtrail.NewFromConfig(e.in(region)).DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: &shadow})
	if err != nil {
		return nil, err
	}
	for _, t := range out.TrailList {
		all = append(all, newTrail(t))
	}
	return all, nil
}

// place is where the trail delivers to.
func (t trail) place() place {
	return place{bucket: t.bucket, prefix: t.prefix, partition: partOf(t.arn, 1)}
}

func (t trail) everywhere() bool { return aws.ToBool(t.IsMultiRegionTrail) }

func (t trail) organization() bool { return aws.ToBool(t.IsOrganizationTrail) }

// status is whether the trail logs, and what it last delivered.
func (e *Env) status(ctx context.Context, t trail) (*cloudtrail.GetTrailStatusOutput, error) {
	return asked(e, "status "+t.arn, func() (*cloudtrail.GetTrailStatusOutput, error) {
		return cloudtrail.NewFromConfig(e.in(t.home)).GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: &t.arn})
	})
}

// organization is the caller's organization; empty when there is none.
func (e *Env) organization(ctx context.Context) (id string, err error) {
	return asked(e, "organization", func() (string, error) {
		out, err := organizations.NewFromConfig(e.aws).DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
		if none := (*orgtypes.AWSOrganizationsNotInUseException)(nil); errors.As(err, &none) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		return aws.ToString(out.Organization.Id), nil
	})
}

// members are the accounts of the organization that are active, by number.
func (e *Env) members(ctx context.Context) ([]string, error) {
	return asked(e, "members", func() (all []string, err error) {
		pages := organizations.NewListAccountsPaginator(organizations.NewFromConfig(e.aws), &organizations.ListAccountsInput{})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, a := range page.Accounts {
				if a.Status == orgtypes.AccountStatusActive {
					all = append(all, aws.ToString(a.Id))
				}
			}
		}
		slices.Sort(all)
		return all, nil
	})
}
