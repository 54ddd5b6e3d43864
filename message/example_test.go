package message_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/severity"
)

func ExampleBuilder_Build() {
	b, err := message.NewBuilder(message.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	at := time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
	a := &alert.Alert{ID: "5f1d7a84db00d2fc", Status: alert.Open, Count: 1, FirstSeen: at, LastSeen: at,
		Rule: &alert.Rule{ID: "login-profile", Title: "A user was given a console password", Severity: severity.High},
		Samples: []alert.Sample{{Time: at, Record: json.RawMessage(`{"eventName":"CreateLoginProfile","eventSource":"iam.amazonaws.com","awsRegion":"us-east-1",` +
			`"userIdentity":{"type":"IAMUser","userName":"alice"},"recipientAccountId":"111122223333","sourceIPAddress":"203.0.113.7","userAgent":"aws-cli/2.15.30",` +
			`"requestParameters":{"userName":"bob","password":"correct horse"}}`)}}}
	m, err := b.Build(context.Background(), a, alert.Delivery{Kind: alert.Opened, Sequence: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Headline)
	fmt.Println(m.Summary)
	fmt.Println(m.What.Parameters, m.Masked)
	// Output:
	// CreateLoginProfile by alice in 111122223333, us-east-1
	// alice (IAM user) called CreateLoginProfile of AWS IAM on user bob in account 111122223333, us-east-1 (N. Virginia, US), at 2026-03-14 15:09:26 UTC from 203.0.113.7 with AWS CLI 2.15.30.
	// [{userName bob} {password [masked]}] 1
}
