package dynamodb_test

import (
	"os"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/dynamodb"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/internal/awstest"
)

func TestMain(m *testing.M) { os.Exit(awstest.Main(m)) }

// harness opens stores in tables of the emulator, through a transport that
// holds every request to DynamoDB's limits and does what faults says.
func harness(cfg aws.Config, races int, f func() faults) storetest.Harness {
	var tables sync.Map
	one := new(sync.Mutex)
	return storetest.Harness{
		Races: races, Small: true,
		Open: func(t *testing.T, policy func() *alert.Policy) alert.Store {
			name := awstest.Name(t, "alerts")
			s := open(t, strict(t, cfg, f(), one), name, dynamodb.Options{Policy: policy, Create: true})
			tables.Store(s, name)
			return s
		},
		Again: func(t *testing.T, s alert.Store, policy func() *alert.Policy) alert.Store {
			name, _ := tables.Load(s)
			return open(t, strict(t, cfg, f(), one), name.(string), dynamodb.Options{Policy: policy})
		},
	}
}

func open(t testing.TB, cfg aws.Config, table string, o dynamodb.Options) *dynamodb.Store {
	t.Helper()
	s, err := dynamodb.Open(t.Context(), cfg, table, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The suite that every store passes, on an emulator of DynamoDB that nobody
// here wrote.
func TestStore(t *testing.T) {
	storetest.Run(t, harness(awstest.Config(t), 200, func() faults { return faults{} }))
}

// The same suite while a fifth of all requests fail in some way.
func TestStoreUnderFaults(t *testing.T) {
	storetest.Run(t, harness(awstest.Config(t), 20, func() faults { return faults{every: 5, seed: 7} }))
}
