//go:build function

package rule

import "github.com/trailwarden/trailwarden/query/athenasql"

// checkSQL reads a query. A function has no engine of its own, so what functions
// and columns there are is Athena's to say; config check has said it before.
func checkSQL(text string, o athenasql.Options) error {
	_, err := athenasql.Fill(text, o, func(name string) string { return name })
	return err
}
