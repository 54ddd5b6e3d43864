package synth

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// A scene is who is calling from where, and what they are working on. It stays
// for a burst of records.
type scene struct {
	r       *rand.Rand
	account *account
	region  string

	role, user, session    string
	bucket, function, team string
	private                string // private address
	address, agent         string
	signedIn               time.Time // start of the session
	at                     time.Time // time of the present record
	delivered              time.Time // time of the file
}

// Chances, one in so many records.
const (
	newSceneIn100 = 22
	rootOneIn     = 4000
	travelOneIn   = 2000 // in so many scenes the user is not at home
)

// change makes another caller appear.
func (s *scene) change() {
	r, a := s.r, s.account
	s.role, s.user = favourite(r, a.roles), favourite(r, a.users)
	s.bucket, s.function, s.team = favourite(r, a.buckets), favourite(r, a.functions), favourite(r, a.teams)
	s.private = "10." + strconv.Itoa(r.IntN(4)) + "." + strconv.Itoa(r.IntN(32)) + "." + strconv.Itoa(1+r.IntN(254))
	switch r.IntN(3) {
	case 0:
		s.session = favourite(r, a.instances)
	case 1:
		s.session = s.function
	default:
		s.session = s.user + "@example.com"
	}
	if s.address = a.homes[s.user]; r.IntN(travelOneIn) == 0 {
		s.address = favourite(r, a.addresses)
	}
	s.agent = userAgents[skewed(r, len(userAgents), 1.6)]
	s.signedIn = s.at.Add(-time.Duration(r.IntN(3600)) * time.Second)
}

// appendRecord appends one record, its keys in the order in which CloudTrail
// writes them.
func (s *scene) appendRecord(b []byte, c *call) []byte {
	r := s.r
	if s.role == "" || r.IntN(100) < newSceneIn100 {
		s.change()
	}
	kind := c.identities[r.IntN(len(c.identities))]
	if r.IntN(rootOneIn) == 0 {
		kind = 'R'
	}
	service := callingServices[r.IntN(len(callingServices))] + ".amazonaws.com"
	byService := kind == 's' || kind == 'r' && r.IntN(12) == 0
	address, agent := s.address, s.agent
	if byService {
		address, agent = service, service
	}
	failed := c.errorChance > 0 && r.Float64() < c.errorChance

	version := "1.11"
	if r.IntN(3) == 0 {
		version = "1.09"
	}
	b = append(b, `{"eventVersion":"`+version+`","userIdentity":`...)
	b = s.appendIdentity(b, kind, service, byService)
	b = append(b, `,"eventTime":"`...)
	b = s.at.AppendFormat(b, time.RFC3339)
	b = append(b, `","eventSource":"`+c.service+`.amazonaws.com","eventName":"`+c.operation+`","awsRegion":"`+s.region+
		`","sourceIPAddress":"`+address+`","userAgent":"`+agent+`",`...)
	b = s.appendOutcome(b, c, failed)
	b = append(b, `"requestID":"`...)
	b = appendUUID(b, r)
	b = append(b, `","eventID":"`...)
	b = appendUUID(b, r)
	b = append(b, `","readOnly":`...)
	b = strconv.AppendBool(b, c.readOnly)
	if c.resources != nil {
		b = c.resources.appendTo(s, append(b, `,"resources":`...))
	}
	return s.appendTail(b, c, kind)
}

// appendOutcome appends the error, if any, and what was asked and answered.
func (s *scene) appendOutcome(b []byte, c *call, failed bool) []byte {
	if failed && c.errorCode != "" {
		b = append(b, `"errorCode":"`+c.errorCode+`",`...)
	}
	if failed && c.errorMessage != nil {
		b = append(b, `"errorMessage":"`...)
		b = c.errorMessage.appendTo(s, b)
		b = append(b, `",`...)
	}
	b = append(b, `"requestParameters":`...)
	b = c.request.appendTo(s, b)
	b = append(b, `,"responseElements":`...)
	switch {
	case failed && c.service == "signin":
		b = append(b, `{"ConsoleLogin":"Failure"}`...)
	case failed:
		b = append(b, "null"...)
	default:
		b = c.response.appendTo(s, b)
	}
	if c.extra != nil {
		b = c.extra.appendTo(s, append(b, `,"additionalEventData":`...))
	}
	return append(b, ',')
}

// appendTail appends what follows the resources.
func (s *scene) appendTail(b []byte, c *call, kind byte) []byte {
	b = append(b, `,"eventType":"`+c.eventType+`",`...)
	if c.apiVersion != "" {
		b = append(b, `"apiVersion":"`+c.apiVersion+`",`...)
	}
	category := "Management"
	if c.data {
		category = "Data"
	}
	b = append(b, `"managementEvent":`...)
	b = strconv.AppendBool(b, !c.data)
	b = append(b, `,"recipientAccountId":"`+s.account.id+`",`...)
	if kind == 's' {
		b = append(b, `"sharedEventID":"`...)
		b = appendUUID(b, s.r)
		b = append(b, `",`...)
	}
	b = append(b, `"eventCategory":"`+category+`"`...)
	if kind != 's' && !c.noTLS && s.r.IntN(5) != 0 {
		b = append(b, `,"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"`+
			c.service+`.`+s.region+`.amazonaws.com"}`...)
	}
	return append(b, '}')
}

// appendIdentity appends userIdentity.
func (s *scene) appendIdentity(b []byte, kind byte, service string, byService bool) []byte {
	account, created := s.account.id, s.signedIn.Format(time.RFC3339)
	switch kind {
	case 's':
		return append(b, `{"type":"AWSService","invokedBy":"`+service+`"}`...)
	case 'R':
		return append(b, `{"type":"Root","principalId":"`+account+`","arn":"arn:aws:iam::`+account+`:root","accountId":"`+account+
			`","accessKeyId":"ASIA`+keyOf(account+created)+`","sessionContext":{"attributes":{"creationDate":"`+created+`","mfaAuthenticated":"true"}}}`...)
	case 'u':
		b = append(b, `{"type":"IAMUser","principalId":"AIDA`+keyOf(s.user)+`","arn":"arn:aws:iam::`+account+`:user/`+s.user+
			`","accountId":"`+account+`","accessKeyId":"AKIA`+keyOf("key of "+s.user)+`","userName":"`+s.user+`"`...)
		if s.r.IntN(2) == 0 {
			b = append(b, `,"sessionContext":{"attributes":{"creationDate":"`+created+`","mfaAuthenticated":"true"}}`...)
		}
		return append(b, '}')
	}
	return s.appendAssumedRole(b, service, created, byService)
}

func (s *scene) appendAssumedRole(b []byte, service, created string, byService bool) []byte {
	account, role := s.account.id, s.role
	id := keyOf(role)
	b = append(b, `{"type":"AssumedRole","principalId":"AROA`+id+`:`+s.session+`","arn":"arn:aws:sts::`+account+`:assumed-role/`+role+`/`+s.session+
		`","accountId":"`+account+`","accessKeyId":"ASIA`+keyOf(s.session+created)+
		`","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA`+id+`","arn":"arn:aws:iam::`+account+`:role/`+role+
		`","accountId":"`+account+`","userName":"`+role+`"},"attributes":{"creationDate":"`+created+`","mfaAuthenticated":"false"}`...)
	if s.r.IntN(3) == 0 {
		b = append(b, `,"ec2RoleDelivery":"2.0"`...)
	}
	b = append(b, '}')
	if byService {
		b = append(b, `,"invokedBy":"`+service+`"`...)
	}
	return append(b, '}')
}
