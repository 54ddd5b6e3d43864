//go:build function

package awsx

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// load is that of the Lambda function, which finds everything in its
// environment. Without the other ways, of which single sign-on alone brings
// three clients, the function is smaller and starts sooner.
func (s Settings) load(context.Context) (aws.Config, error) {
	cfg, err := s.fromEnvironment()
	if err != nil {
		return aws.Config{}, fmt.Errorf("reading the AWS configuration: %w", err)
	}
	return cfg, nil
}
