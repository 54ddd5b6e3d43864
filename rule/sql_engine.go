//go:build !function

package rule

import "github.com/trailwarden/trailwarden/query/athenasql"

// checkSQL says what of a query the engine that answers it here would refuse.
func checkSQL(text string, o athenasql.Options) error {
	_, err := athenasql.Translate(text, o)
	return err
}
