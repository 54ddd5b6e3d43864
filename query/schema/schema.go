// Package schema is the CloudTrail table that SQL sees: the columns that the
// Athena User Guide gives for CloudTrail logs (create the table for CloudTrail
// logs with partition projection), the partition columns that come from the
// object key, and a few of our own under the prefix ct_.
//
// All values are text or nested text. A record becomes a row of leaves, one for
// each text that a query needs, and the table's nested columns are put together
// from leaves by the view that ViewSQL writes.
package schema

import (
	"strings"
	"sync"
)

// Kind is the shape of a column or of a field in one.
type Kind uint8

// The kinds that Athena's CloudTrail table has.
const (
	Text   Kind = iota // string; objects and arrays as their JSON text
	Struct             // struct of Fields
	Map                // map of string to string
	List               // array of structs of Fields
)

// Field is a column, or a field of a struct in one.
type Field struct {
	Name   string // as Athena has it, lower-case
	Key    string // in the record, exact-case
	Kind   Kind
	Fields []Field // of Struct and List
}

// Class tells where a column comes from.
type Class uint8

// The classes of columns.
const (
	Recorded  Class = iota // in Athena's table, from the record
	Partition              // in Athena's table, from the object key
	Extra                  // not in Athena's table; only there when a query names it
)

// Column is one column of the table.
type Column struct {
	Field
	Class Class
}

func text(pairs ...string) []Field {
	fields := make([]Field, 0, len(pairs))
	for _, key := range pairs {
		fields = append(fields, Field{Name: strings.ToLower(key), Key: key})
	}
	return fields
}

func group(kind Kind, key string, fields ...[]Field) Field {
	f := Field{Name: strings.ToLower(key), Key: key, Kind: kind}
	for _, part := range fields {
		f.Fields = append(f.Fields, part...)
	}
	return f
}

func one(f Field) []Field { return []Field{f} }

// userIdentity is the struct of the column useridentity.
func userIdentity() Field {
	session := group(Struct, "sessionContext",
		one(group(Struct, "attributes", text("mfaAuthenticated", "creationDate"))),
		one(group(Struct, "sessionIssuer", text("type", "principalId", "arn", "accountId", "userName"))),
		text("ec2RoleDelivery"),
		one(group(Struct, "webIdFederationData", text("federatedProvider"), one(Field{Name: "attributes", Key: "attributes", Kind: Map}))))
	return group(Struct, "userIdentity",
		text("type", "principalId", "arn", "accountId", "invokedBy", "accessKeyId", "userName"),
		one(group(Struct, "onBehalfOf", text("userId", "identityStoreArn"))),
		one(session))
}

// Columns are all columns, in the order of Athena's table: recorded ones, then
// partitions, then extras. The slice is shared; it must not be changed.
func Columns() []Column { return allColumns() }

var allColumns = sync.OnceValue(makeColumns)

func makeColumns() []Column {
	recorded := [][]Field{
		text("eventVersion"), one(userIdentity()),
		text("eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent", "errorCode", "errorMessage",
			"requestParameters", "responseElements", "additionalEventData", "requestID", "eventID", "readOnly"),
		one(group(List, "resources", text("ARN", "accountId", "type"))),
		text("eventType", "apiVersion", "recipientAccountId", "serviceEventDetails", "sharedEventID", "vpcEndpointId",
			"vpcEndpointAccountId", "eventCategory"),
		one(group(Struct, "addendum", text("reason", "updatedFields", "originalRequestID", "originalEventID"))),
		text("sessionCredentialFromConsole", "edgeDeviceDetails"),
		one(group(Struct, "tlsDetails", text("tlsVersion", "cipherSuite", "clientProvidedHostHeader"))),
	}
	var all []Column
	for _, fields := range recorded {
		for _, f := range fields {
			all = append(all, Column{Field: f})
		}
	}
	for _, name := range []string{"account", "region", "timestamp"} {
		all = append(all, Column{Field: Field{Name: name}, Class: Partition})
	}
	return append(all, extras()...)
}

// extras are columns that tables made by others have: partition columns of other
// layouts, newer fields, and our own.
func extras() []Column {
	var all []Column
	for _, f := range text("managementEvent", "insightDetails", "eventContext") {
		all = append(all, Column{Field: f, Class: Extra})
	}
	for _, name := range []string{"ct_object", "ct_record", "ct_key", "ct_kind"} {
		all = append(all, Column{Field: Field{Name: name}, Class: Extra})
	}
	for _, p := range partitionNames() {
		for _, name := range p.names {
			if name != "account" && name != "region" && name != "timestamp" && name != "ct_object" && name != "ct_kind" {
				all = append(all, Column{Field: Field{Name: name}, Class: Extra})
			}
		}
	}
	return all
}

// Find is the column of that name, compared as SQL does.
func Find(name string) (Column, bool) {
	for _, c := range Columns() {
		if strings.EqualFold(c.Name, name) {
			return c, true
		}
	}
	return Column{}, false
}

// SQLType is the field's type as Athena's DESCRIBE prints it.
func (f Field) SQLType() string {
	switch f.Kind {
	case Struct:
		return "struct<" + f.members(":", Field.SQLType) + ">"
	case Map:
		return "map<string,string>"
	case List:
		return "array<struct<" + f.members(":", Field.SQLType) + ">>"
	}
	return "string"
}

func (f Field) members(between string, kind func(Field) string) string {
	all := make([]string, len(f.Fields))
	for i, m := range f.Fields {
		all[i] = m.Name + between + kind(m)
	}
	return strings.Join(all, ",")
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
