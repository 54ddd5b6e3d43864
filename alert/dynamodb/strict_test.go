package dynamodb_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// faults says how many requests fail: one in every, drawn by the seed.
type faults struct {
	every int
	seed  uint64
}

// transport enforces what the emulator does not (API Reference: 100 items and 4
// MB in a transaction, none twice; 400 KB in an item; 25 items in a batch; 1,024
// bytes in a sort key; idempotent tokens), and injects faults.
type transport struct {
	t    testing.TB
	next aws.HTTPClient
	f    faults
	// The emulator rolls a cancelled transaction back by putting the whole table
	// back as it was, with what others wrote meanwhile. Requests to one table
	// therefore go one by one; what workers read and then write still mixes.
	table *sync.Mutex

	mu     sync.Mutex
	rng    *rand.Rand
	tokens map[string][]byte // answers by token
	counts map[string]int
}

// strict is cfg through a transport of its own.
func strict(t testing.TB, cfg aws.Config, f faults, table *sync.Mutex) aws.Config {
	cfg = cfg.Copy()
	cfg.HTTPClient = &transport{t: t, next: cfg.HTTPClient, f: f, table: table, rng: rand.New(rand.NewPCG(f.seed, 1)), tokens: map[string][]byte{}, counts: map[string]int{}}
	return cfg
}

func (x *transport) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	_, call, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	x.mu.Lock()
	x.counts[call]++
	x.mu.Unlock()
	if fault := x.limits(call, body); fault != "" {
		x.t.Errorf("%s: %s", call, fault)
		return answer(400, "ValidationException", fault), nil
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return x.faulty(r, call, body)
}

// faulty sends the request on, or fails in one of the ways that DynamoDB has.
func (x *transport) faulty(r *http.Request, call string, body []byte) (*http.Response, error) {
	token := tokenOf(body)
	if done := x.done(token); done != nil {
		return ok(done), nil
	}
	way := x.draw(call)
	switch way {
	case "throttle":
		return answer(400, "ProvisionedThroughputExceededException", "slow down"), nil
	case "limit":
		return answer(400, "ThrottlingException", "Rate exceeded"), nil
	case "server":
		return answer(500, "InternalServerError", "oops"), nil
	case "busy":
		return answer(400, "TransactionInProgressException", "in progress"), nil
	case "conflict":
		return cancelled("TransactionConflict"), nil
	case "throttled":
		return cancelled("ThrottlingError"), nil
	case "refused":
		return nil, errors.New("read tcp: connection reset by peer")
	case "partial":
		return x.partial(r, call, body)
	}
	resp, err := x.send(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == 200 && token != "" {
		all, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		x.remember(token, all)
		resp.Body = io.NopCloser(bytes.NewReader(all))
	}
	if way == "lost" {
		resp.Body.Close()
		return nil, errors.New("read tcp: connection reset by peer")
	}
	return resp, nil
}

func (x *transport) send(r *http.Request) (*http.Response, error) {
	x.table.Lock()
	defer x.table.Unlock()
	return x.next.Do(r)
}

func (x *transport) draw(call string) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.f.every == 0 || x.rng.IntN(x.f.every) != 0 {
		return ""
	}
	ways := []string{"throttle", "limit", "server", "refused", "lost"}
	switch call {
	case "TransactWriteItems":
		ways = append(ways, "busy", "conflict", "throttled", "lost")
	case "BatchGetItem", "BatchWriteItem":
		ways = append(ways, "partial", "partial", "partial")
	case "Query", "Scan":
	default:
		return "" // making tables is not repeated here
	}
	return ways[x.rng.IntN(len(ways))]
}

func (x *transport) done(token string) []byte {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.tokens[token]
}

func (x *transport) remember(token string, body []byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tokens[token] = body
}

func tokenOf(body []byte) string {
	var in struct{ ClientRequestToken string }
	_ = json.Unmarshal(body, &in)
	return in.ClientRequestToken
}

// partial does the first half of a batch and says that the rest was not done.
func (x *transport) partial(r *http.Request, call string, body []byte) (*http.Response, error) {
	var in map[string]map[string]json.RawMessage
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	left := map[string]json.RawMessage{}
	for table, raw := range in["RequestItems"] {
		if call == "BatchWriteItem" {
			var items []json.RawMessage
			_ = json.Unmarshal(raw, &items)
			if len(items) < 2 {
				return answer(400, "ProvisionedThroughputExceededException", "slow down"), nil
			}
			in["RequestItems"][table], _ = json.Marshal(items[:len(items)/2])
			left[table], _ = json.Marshal(items[len(items)/2:])
			continue
		}
		var keys map[string]any
		_ = json.Unmarshal(raw, &keys)
		all := keys["Keys"].([]any)
		if len(all) < 2 {
			return answer(400, "ProvisionedThroughputExceededException", "slow down"), nil
		}
		keys["Keys"] = all[:len(all)/2]
		in["RequestItems"][table], _ = json.Marshal(keys)
		keys["Keys"] = all[len(all)/2:]
		left[table], _ = json.Marshal(keys)
	}
	// The emulator checks no signature, so the body may change.
	half, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(half)), int64(len(half))
	resp, err := x.send(r)
	if err != nil || resp.StatusCode != 200 {
		return resp, err
	}
	defer resp.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return nil, err
	}
	out[map[string]string{"BatchWriteItem": "UnprocessedItems", "BatchGetItem": "UnprocessedKeys"}[call]] = left
	all, err := json.Marshal(out)
	return ok(all), err
}

func ok(body []byte) *http.Response {
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body))}
}

func answer(status int, code, message string) *http.Response {
	resp := ok(fmt.Appendf(nil, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":%q}`, code, message))
	resp.StatusCode = status
	return resp
}

func cancelled(code string) *http.Response {
	resp := ok(fmt.Appendf(nil, `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
		"Message":"Transaction cancelled","CancellationReasons":[{"Code":"None"},{"Code":%q}]}`, code))
	resp.StatusCode = 400
	return resp
}

// limits says which of DynamoDB's limits a request breaks.
func (x *transport) limits(call string, body []byte) string {
	if call != "TransactWriteItems" && call != "BatchWriteItem" && call != "BatchGetItem" {
		return ""
	}
	var in struct {
		TransactItems []map[string]struct{ Item, Key attributes }
		RequestItems  map[string]json.RawMessage
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return err.Error()
	}
	var items []attributes
	most := map[string]int{"TransactWriteItems": 100, "BatchWriteItem": 25, "BatchGetItem": 100}[call]
	for _, t := range in.TransactItems {
		for _, o := range t {
			items = append(items, o.Item.or(o.Key))
		}
	}
	for _, raw := range in.RequestItems {
		var writes []map[string]struct{ Item, Key attributes }
		var gets struct{ Keys []attributes }
		if json.Unmarshal(raw, &writes) == nil {
			for _, w := range writes {
				for _, o := range w {
					items = append(items, o.Item.or(o.Key))
				}
			}
		} else if json.Unmarshal(raw, &gets) == nil {
			items = append(items, gets.Keys...)
		}
	}
	return check(items, most)
}

func check(items []attributes, most int) string {
	total, seen := 0, map[string]bool{}
	for _, i := range items {
		n := i.size()
		k := fmt.Sprint(i["pk"]["S"], "\n", i["sk"]["S"])
		switch {
		case seen[k]:
			return "the same item twice: " + k
		case n > 400<<10:
			return fmt.Sprintf("item %s has %d bytes", k, n)
		case len(i["pk"]["S"]) > 2048 || len(i["sk"]["S"]) > 1024 || len(i["l"]["S"]) > 2048 || len(i["o"]["S"]) > 1024:
			return "key too long: " + k
		case i["pk"]["S"] == "" || i["sk"]["S"] == "":
			return "empty key: " + k
		}
		seen[k] = true
		total += n
	}
	if len(items) > most || total > 4<<20 {
		return fmt.Sprintf("%d items with %d bytes in one request", len(items), total)
	}
	return ""
}

// attributes are an item as it is sent.
type attributes map[string]map[string]string

func (a attributes) or(b attributes) attributes {
	if a != nil {
		return a
	}
	return b
}

// size counts bytes as DynamoDB does.
func (a attributes) size() (n int) {
	for name, v := range a {
		n += len(name) + len(v["S"]) + base64.StdEncoding.DecodedLen(len(v["B"]))
		if v["N"] != "" {
			n += len(v["N"])/2 + 2
		}
	}
	return n
}
