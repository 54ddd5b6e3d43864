package cloudformation_test

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/trailwarden/trailwarden/deploy"
	"github.com/trailwarden/trailwarden/deploy/cloudformation"
	"github.com/trailwarden/trailwarden/deploy/topology"
	"github.com/trailwarden/trailwarden/internal/deploytest"
)

var update = flag.Bool("update", false, "write the ready templates anew from the samples")

// The ready templates in the repository are what render prints of the samples,
// with everything that belongs to one installation as a parameter.
func TestTemplatesAreWhatRenderPrints(t *testing.T) {
	for _, name := range topology.Names() {
		t.Run(name, func(t *testing.T) {
			files, err := cloudformation.Render(deploytest.Sample(t, name, deploy.Options{Open: true}))
			if err != nil {
				t.Fatal(err)
			}
			deploytest.Hold(t, filepath.Join("templates", name), files, *update)
		})
	}
}
