package dynamodb_test

import (
	"os"
	"strconv"
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

// races is how many times two workers race. The emulator copies its table for
// each transaction, so 200 take minutes; TRAILWARDEN_RACES=200 asks for them.
// The table in memory races 200 times always.
func races() int {
	if n, err := strconv.Atoi(os.Getenv("TRAILWARDEN_RACES")); err == nil {
		return n
	}
	return 10
}

// The suite that every store passes, on an emulator of DynamoDB that nobody
// here wrote.
func TestStore(t *testing.T) {
	storetest.Run(t, harness(awstest.Config(t), races(), func() faults { return faults{} }))
}

// The same suite while a fifth of all requests fail in some way.
func TestStoreUnderFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	storetest.Run(t, harness(awstest.Config(t), 5, func() faults { return faults{every: 5, seed: 7} }))
}
