package assemble

import (
	"context"
	"maps"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/internal/awsx"
)

// clouds makes and keeps AWS configurations, one for each way of speaking with
// AWS that the configuration has.
type clouds struct {
	general config.AWS
	load    func(context.Context, awsx.Settings) (aws.Config, error)
	mu      sync.Mutex
	made    map[awsx.Settings]aws.Config
}

// of is the AWS configuration for a block.
func (c *clouds) of(ctx context.Context, block config.Client) (aws.Config, error) {
	s := awsx.Settings{
		Region: first(block.Region, c.general.Region), Profile: c.general.Profile,
		Role: block.Role, External: block.External, Endpoint: c.general.Endpoint, Own: block.Endpoint,
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if cfg, ok := c.made[s]; ok {
		return cfg, nil
	}
	cfg, err := c.load(ctx, s)
	if err != nil {
		return aws.Config{}, err
	}
	if c.made == nil {
		c.made = map[awsx.Settings]aws.Config{}
	}
	c.made[s] = cfg
	return cfg, nil
}

// all are the configurations that were made so far.
func (c *clouds) all() map[awsx.Settings]aws.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.made)
}

// regionOf is the region of an ARN; empty for anything else.
func regionOf(text string) string {
	a, err := arn.Parse(text)
	if err != nil {
		return ""
	}
	return a.Region
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
