package ddl

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
)

// Regions are the regions of a partition (aws, aws-cn, aws-us-gov …): those that
// are on by default and those that must be enabled, for what is not watched is
// where somebody hides. An empty name means aws.
func Regions(partition string) ([]string, error) {
	if partition == "" {
		partition = "aws"
	}
	var all, names []string
	c := catalog.Default()
	for _, r := range c.Regions() {
		if r.Partition == partition {
			all = append(all, r.Code)
		}
	}
	if len(all) > 0 {
		return all, nil
	}
	for _, p := range c.Partitions() {
		names = append(names, p.Name)
	}
	return nil, fmt.Errorf("partition %q: want one of %s", partition, strings.Join(names, ", "))
}

// Lister is what Find asks of Amazon S3.
type Lister interface {
	ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input, opts ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

// Found is what delivers into a bucket.
type Found struct {
	Organization string   // whose accounts they are; empty for trails of single accounts
	Accounts     []string // sorted
}

// Find lists the accounts that deliver into a bucket, below prefix/AWSLogs/:
// folders that are named by 12 digits and nothing else. Without an organization
// it finds out whether there is one; a bucket with several layouts needs a choice,
// "-" for single accounts, as a table describes one.
func Find(ctx context.Context, l Lister, bucket, prefix, organization string) (Found, error) {
	root := "AWSLogs/"
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		root = prefix + "/" + root
	}
	if organization != "" && organization != "-" {
		return below(ctx, l, bucket, root+organization+"/", organization)
	}
	folders, err := folders(ctx, l, bucket, root)
	if err != nil {
		return Found{}, err
	}
	organizations := slices.DeleteFunc(slices.Clone(folders), func(f string) bool { return !orgForm.MatchString(f) })
	accounts := slices.DeleteFunc(folders, func(f string) bool { return !accountForm.MatchString(f) })
	switch {
	case organization == "-" || len(organizations) == 0:
		if len(accounts) == 0 {
			return Found{}, fmt.Errorf("s3://%s/%s holds no folder of an account: is the prefix right, and does the trail deliver?", bucket, root)
		}
		return Found{Accounts: accounts}, nil
	case len(organizations) == 1 && len(accounts) == 0:
		return below(ctx, l, bucket, root+organizations[0]+"/", organizations[0])
	}
	return Found{}, fmt.Errorf("s3://%s/%s holds logs of %s and of %d single accounts; a table describes one layout: choose with --organization ID, or --organization - for the single accounts",
		bucket, root, strings.Join(organizations, ", "), len(accounts))
}

func below(ctx context.Context, l Lister, bucket, root, organization string) (Found, error) {
	all, err := folders(ctx, l, bucket, root)
	if err != nil {
		return Found{}, err
	}
	all = slices.DeleteFunc(all, func(f string) bool { return !accountForm.MatchString(f) })
	if len(all) == 0 {
		return Found{}, fmt.Errorf("s3://%s/%s holds no folder of an account: is the organization right, and does its trail deliver?", bucket, root)
	}
	return Found{organization, all}, nil
}

// maxFolders bounds what is listed of a bucket that holds something else.
const maxFolders = 100_000

// folders are the names of the folders below root, on all pages, sorted.
func folders(ctx context.Context, l Lister, bucket, root string) (all []string, err error) {
	in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &root, Delimiter: aws.String("/")}
	for {
		page, err := l.ListObjectsV2(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("listing s3://%s/%s: %w", bucket, root, err)
		}
		for _, p := range page.CommonPrefixes {
			all = append(all, strings.TrimSuffix(strings.TrimPrefix(aws.ToString(p.Prefix), root), "/"))
		}
		if len(all) > maxFolders {
			return nil, fmt.Errorf("s3://%s/%s holds more than %d folders: these are no accounts", bucket, root, maxFolders)
		}
		if !aws.ToBool(page.IsTruncated) {
			return unique(all), nil
		}
		in.ContinuationToken = page.NextContinuationToken
	}
}

// Accounts lists the accounts of the organization that the caller belongs to,
// also suspended ones, whose logs stay.
func Accounts(ctx context.Context, cfg aws.Config) (Found, error) {
	client := organizations.NewFromConfig(cfg)
	org, err := client.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	if err != nil {
		return Found{}, fmt.Errorf("asking AWS Organizations: %w", err)
	}
	f := Found{Organization: aws.ToString(org.Organization.Id)}
	pages := organizations.NewListAccountsPaginator(client, &organizations.ListAccountsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return Found{}, fmt.Errorf("asking AWS Organizations for accounts: %w", err)
		}
		for _, a := range page.Accounts {
			f.Accounts = append(f.Accounts, aws.ToString(a.Id))
		}
	}
	slices.Sort(f.Accounts)
	return f, nil
}
