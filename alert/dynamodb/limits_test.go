package dynamodb_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	awsddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/dynamodb"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/severity"
)

// incompressible makes a finding whose record has n random bytes.
func incompressible(r *alert.Rule, i, n int) alert.Finding {
	f := storetest.Finding(r, storetest.Event{ID: fmt.Sprint("big-", i)})
	noise := make([]byte, n/2)
	rng := rand.New(rand.NewPCG(uint64(i), 1))
	for k := range noise {
		noise[k] = byte(rng.Uint32())
	}
	f.Record = []byte(strings.Replace(string(f.Record), `"eventVersion"`, `"noise":"`+hex.EncodeToString(noise)+`","eventVersion"`, 1))
	return f
}

// Whatever its size, a batch stays within the limits of items and transactions
// (the transport refuses what DynamoDB would), and is read back whole: records
// of 256 KB and 1 MB, more findings than items, positions and state of any size.
func TestLimits(t *testing.T) {
	cfg, one := awstest.Config(t), new(sync.Mutex)
	name := awstest.Name(t, "alerts")
	s := open(t, strict(t, cfg, faults{}, one), name, dynamodb.Options{Create: true})
	r := storetest.Rule("big", severity.High)
	var fs []alert.Finding
	for i := range 10 {
		fs = append(fs, incompressible(r, i, 256<<10))
	}
	fs = append(fs, incompressible(r, 10, 1<<20-2000))
	fs[10].Time = storetest.Noon().AddDate(0, 0, -30) // another bucket
	fs = append(fs, storetest.Many(storetest.Rule("many", severity.Low), 150, 2)...)
	large := make([]byte, 900<<10)
	for i := range large {
		large[i] = byte(rand.Uint32())
	}
	b := alert.Batch{Now: storetest.Noon(), Findings: fs, Positions: []alert.Position{{Name: "s3", Data: large}, {Name: strings.Repeat("long", 600), Data: []byte("x")}}}
	for i := range 150 {
		b.State = append(b.State, alert.Position{Name: fmt.Sprintf("window/%03d", i), Data: large[:100+i], Version: 1})
	}
	c, err := s.Commit(t.Context(), b)
	if err != nil || c.New != 4 || c.Repeated != 157 || c.Known != 0 {
		t.Fatalf("got %+v, %v", c, err)
	}
	for _, id := range c.Alerts {
		a, err := s.Alert(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for i, sample := range a.Samples {
			if len(sample.Record) < 100 {
				t.Errorf("alert %s: sample %d has %d bytes", id[:8], i, len(sample.Record))
			}
		}
	}
	if data, err := s.Load(t.Context(), "s3"); err != nil || string(data) != string(large) {
		t.Errorf("position of %d bytes: %d, %v", len(large), len(data), err)
	}
	if data, err := s.Load(t.Context(), strings.Repeat("long", 600)); err != nil || string(data) != "x" {
		t.Errorf("position with a long name: %q, %v", data, err)
	}
	if c, err = s.Commit(t.Context(), alert.Batch{Now: b.Now, Findings: fs}); err != nil || c.Known != 161 || c.New+c.Repeated+c.Queued != 0 {
		t.Errorf("again: %+v, %v", c, err)
	}
	// State is written over what was read, or not at all.
	if _, err := s.Commit(t.Context(), alert.Batch{Now: b.Now, State: b.State[:1]}); !errors.Is(err, alert.ErrConflict) {
		t.Errorf("state of an old version: %v, want ErrConflict", err)
	}
	b.State[0].Version = 2
	if _, err := s.Commit(t.Context(), alert.Batch{Now: b.Now, State: b.State[:1]}); err != nil {
		t.Errorf("state of the version that was read: %v", err)
	}
}

// A table that is not ours is refused with everything that is wrong, and so are
// one that is not there and one of a later version.
func TestSchema(t *testing.T) {
	cfg := awstest.Config(t)
	_, err := dynamodb.Open(t.Context(), cfg, "none", dynamodb.Options{})
	if err == nil || !strings.Contains(err.Error(), "no such table") || !strings.Contains(err.Error(), "create: true") {
		t.Errorf("no table: %v", err)
	}
	for keys, want := range map[[2]string]string{
		{"id", ""}:   "its key is",
		{"pk", "sk"}: `no index "list"`,
	} {
		table := awstest.Table(t, cfg, keys[0], keys[1])
		if _, err := dynamodb.Open(t.Context(), cfg, table, dynamodb.Options{Create: true}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("table with keys %v: %v, want %q", keys, err, want)
		}
	}
	name := awstest.Name(t, "alerts")
	open(t, cfg, name, dynamodb.Options{Create: true})
	open(t, cfg, name, dynamodb.Options{}) // it is known by now
	newer := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "schema"}, "sk": &types.AttributeValueMemberS{Value: "schema"},
		"r": &types.AttributeValueMemberN{Value: "99"}}
	if _, err := awsddb.NewFromConfig(cfg).PutItem(t.Context(), &awsddb.PutItemInput{TableName: &name, Item: newer}); err != nil {
		t.Fatal(err)
	}
	if _, err := dynamodb.Open(t.Context(), cfg, name, dynamodb.Options{}); !errors.Is(err, alert.ErrNewer) {
		t.Errorf("a later version: %v, want ErrNewer", err)
	}
}
