package main

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// fields is one JSON object of a record.
type fields map[string]any

// record has a CloudTrail record's fields in the order in which AWS writes them.
type record struct {
	EventVersion        string   `json:"eventVersion"`
	UserIdentity        fields   `json:"userIdentity"`
	EventTime           string   `json:"eventTime"`
	EventSource         string   `json:"eventSource"`
	EventName           string   `json:"eventName"`
	AWSRegion           string   `json:"awsRegion"`
	SourceIPAddress     string   `json:"sourceIPAddress"`
	UserAgent           string   `json:"userAgent,omitempty"`
	ErrorCode           string   `json:"errorCode,omitempty"`
	ErrorMessage        string   `json:"errorMessage,omitempty"`
	RequestParameters   fields   `json:"requestParameters"`
	ResponseElements    fields   `json:"responseElements"`
	AdditionalEventData fields   `json:"additionalEventData,omitempty"`
	RequestID           string   `json:"requestID,omitempty"`
	EventID             string   `json:"eventID"`
	ReadOnly            bool     `json:"readOnly"`
	Resources           []fields `json:"resources,omitempty"`
	EventType           string   `json:"eventType"`
	ManagementEvent     bool     `json:"managementEvent"`
	RecipientAccountID  string   `json:"recipientAccountId"`
	EventCategory       string   `json:"eventCategory"`
	TLSDetails          fields   `json:"tlsDetails,omitempty"`
	SessionFromConsole  string   `json:"sessionCredentialFromConsole,omitempty"`
}

// delivery is a record on its way into a file.
type delivery struct {
	record  *record
	account string
	at      time.Time // of the event
}

// day collects the records of one day. Its random source has a fixed seed.
type day struct {
	rand       *rand.Rand
	deliveries []delivery
}

// midnight is when the day begins, UTC.
var midnight = time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)

func newDay() *day { return &day{rand: rand.New(rand.NewPCG(20260314, 7))} }

// actor is who makes calls and from where.
type actor struct {
	account  string
	identity fields
	address  string
	agent    string
}

// call is one API call.
type call struct {
	service string // the host part of eventSource
	name    string
	region  string
	read    bool
	params  fields
	result  fields
	err     string // errorCode
	message string
	data    bool   // a data event
	bucket  string // resource of an S3 call
}

// add records that who made the call c at a time of day.
func (d *day) add(at time.Duration, who actor, c call) *record {
	t := midnight.Add(at)
	r := &record{
		EventVersion: "1.11", UserIdentity: who.identity, EventTime: t.Format(time.RFC3339),
		EventSource: c.service + ".amazonaws.com", EventName: c.name, AWSRegion: c.region,
		SourceIPAddress: who.address, UserAgent: who.agent, ErrorCode: c.err, ErrorMessage: c.message,
		RequestParameters: c.params, ResponseElements: c.result, RequestID: d.uuid(), EventID: d.uuid(),
		ReadOnly: c.read, EventType: "AwsApiCall", ManagementEvent: !c.data,
		RecipientAccountID: who.account, EventCategory: "Management",
	}
	if c.data {
		r.EventCategory = "Data"
	}
	if c.bucket != "" {
		r.Resources = []fields{{"accountId": who.account, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::" + c.bucket}}
	}
	if who.identity["invokedBy"] == nil {
		r.TLSDetails = fields{
			"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
			"clientProvidedHostHeader": c.service + "." + c.region + ".amazonaws.com",
		}
	}
	d.deliveries = append(d.deliveries, delivery{r, who.account, t})
	return r
}

// uuid is a random UUID of version 4.
func (d *day) uuid() string {
	a, b := d.rand.Uint64(), d.rand.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, 0x8000|b>>48&0x3fff, b&0xffffffffffff)
}

// clock is a time of day.
func clock(hour, minute, second int) time.Duration {
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
}
