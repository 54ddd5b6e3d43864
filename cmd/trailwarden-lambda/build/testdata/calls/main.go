// Command calls makes calls of AWS clients, with every member of their requests
// filled, to a server that fills every member of its answers, and prints what was
// sent and what was understood. Its arguments are calls such as ssm:GetParameter.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

func main() {
	var answer any
	status := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Println(r.Method, r.URL, r.Header.Get("X-Amz-Target"), string(body))
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer)
	}))
	defer srv.Close()
	cfg := aws.Config{Region: "eu-west-1", BaseEndpoint: &srv.URL, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	clients := map[string]any{"athena": athena.NewFromConfig(cfg), "dynamodb": dynamodb.NewFromConfig(cfg), "eventbridge": eventbridge.NewFromConfig(cfg),
		"organizations": organizations.NewFromConfig(cfg), "secretsmanager": secretsmanager.NewFromConfig(cfg), "sesv2": sesv2.NewFromConfig(cfg), "ssm": ssm.NewFromConfig(cfg)}
	for _, call := range os.Args[1:] {
		service, op, _ := strings.Cut(call, ":")
		if clients[service] == nil {
			fmt.Println("no client of", service)
			os.Exit(1)
		}
		method := reflect.ValueOf(clients[service]).MethodByName(op)
		if !method.IsValid() {
			continue // the client's own
		}
		in, out := reflect.New(method.Type().In(1).Elem()), reflect.New(method.Type().Out(0).Elem())
		fill(in.Elem(), 0)
		fill(out.Elem(), 0)
		answers := map[int]any{http.StatusOK: plain(out), http.StatusBadRequest: map[string]any{"__type": "AccessDeniedException", "message": "no"}}
		for _, status = range []int{http.StatusOK, http.StatusBadRequest} {
			answer = answers[status]
			got := method.Call([]reflect.Value{reflect.ValueOf(context.Background()), in})
			text, _ := json.Marshal(plain(got[0]))
			fmt.Println(call, status, string(text), strings.ReplaceAll(fmt.Sprint(got[1]), srv.URL, ""))
		}
	}
}

var when = time.Unix(1_700_000_000, 0)

// fill sets everything below v.
func fill(v reflect.Value, depth int) {
	if depth > 8 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(when))
			return
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Name != "ResultMetadata" {
				fill(v.Field(i), depth+1)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth+1)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value, depth+1)
		v.SetMapIndex(reflect.ValueOf("k").Convert(v.Type().Key()), value)
	case reflect.Interface:
		if v.Type() == reflect.TypeFor[types.AttributeValue]() {
			v.Set(reflect.ValueOf(types.AttributeValue(&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
				"l": &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberS{Value: "s"}, &types.AttributeValueMemberNULL{Value: true},
					&types.AttributeValueMemberNS{Value: []string{"1"}}}}}})))
		}
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint8:
		v.SetUint(7)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(7)
	}
}

// plain is v as the services write it.
func plain(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		if strings.Contains(v.Type().String(), "AttributeValueMember") {
			t := v.Type().Elem().Name()
			return map[string]any{t[strings.Index(t, "Member")+6:]: plain(v.Elem().Field(0))}
		}
		return plain(v.Elem())
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return v.Interface().(time.Time).Unix()
		}
		all := map[string]any{}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Name != "ResultMetadata" {
				all[f.Name] = plain(v.Field(i))
			}
		}
		return all
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return v.Bytes()
		}
		all := []any{}
		for i := range v.Len() {
			all = append(all, plain(v.Index(i)))
		}
		return all
	case reflect.Map:
		all := map[string]any{}
		for _, k := range v.MapKeys() {
			all[k.String()] = plain(v.MapIndex(k))
		}
		return all
	}
	return v.Interface()
}
