//go:build function

package assemble

import (
	"context"

	"github.com/trailwarden/trailwarden/source"
)

// Sources makes none: a Lambda function is handed its events, and carries none
// of the clients that a server watches with.
func (a *Assembly) Sources(context.Context, source.Cursor) ([]MadeSource, error) { return nil, nil }
