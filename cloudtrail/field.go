package cloudtrail

import "encoding/binary"

// FieldID numbers the record fields that CloudTrail documents (User Guide,
// record contents), so that the engine can ask for them without comparing
// names.
type FieldID uint8

// NoField is the FieldID of every name that is not documented.
const NoField FieldID = 0

// fieldNames are the documented top-level fields of management, data, network
// activity, Insight and aggregated records; the index is the FieldID.
var fieldNames = [...]string{
	"",
	"eventVersion", "eventTime", "userIdentity", "eventSource", "eventName", "awsRegion",
	"sourceIPAddress", "userAgent", "errorCode", "errorMessage", "requestParameters",
	"responseElements", "additionalEventData", "requestID", "eventID", "eventType",
	"apiVersion", "managementEvent", "readOnly", "resources", "recipientAccountId",
	"sharedEventID", "vpcEndpointId", "serviceEventDetails", "eventCategory", "addendum",
	"sessionCredentialFromConsole", "edgeDeviceDetails", "tlsDetails", "vpcEndpointAccountId",
	"eventContext", "insightDetails", "accountId", "eventId", "timeWindow", "summary",
}

// The FieldIDs that this module names itself.
const (
	EventVersion FieldID = iota + 1
	EventTime
	UserIdentity
	EventSource
	EventName
	AWSRegion
	SourceIPAddress
	UserAgent
	ErrorCode
	ErrorMessage
	RequestParameters
	ResponseElements
	AdditionalEventData
	RequestID
	EventID
	EventType
	APIVersion
	ManagementEvent
	ReadOnly
	Resources
	RecipientAccountID
	SharedEventID
	VPCEndpointID
	ServiceEventDetails
	EventCategory
	Addendum
	SessionCredentialFromConsole
	EdgeDeviceDetails
	TLSDetails
	VPCEndpointAccountID
	EventContext
	InsightDetails
	AccountID
	LowerEventID // "eventId", the spelling of aggregated records
	TimeWindow
	SummaryDetails // "summary", of aggregated records
	numFields
)

// fieldTable finds a FieldID by a hash of its name that no two of them share.
var fieldTable = makeFieldTable()

func makeFieldTable() (t [128]FieldID) {
	for i, n := range fieldNames[1:] {
		t[fieldHash([]byte(n))] = FieldID(i + 1)
	}
	return t
}

// namesByLength are the documented names of each length in bytes.
var namesByLength = makeNamesByLength()

func makeNamesByLength() (t [longestField + 1][]string) {
	for _, n := range fieldNames[1:] {
		t[len(n)] = append(t[len(n)], n)
	}
	return t
}

// longestField is the length of the longest documented name, in bytes.
const longestField = len("sessionCredentialFromConsole")

// shortestField is the length of the shortest documented name, in bytes.
const shortestField = len("eventID")

func fieldHash(name []byte) uint {
	return (uint(len(name))*27 + uint(name[1])*10 + uint(name[6])*19) % 128
}

func fieldIDOf(name []byte) FieldID {
	if len(name) < shortestField {
		return NoField
	}
	f := fieldTable[fieldHash(name)]
	if string(name) != fieldNames[f] {
		return NoField
	}
	return f
}

// quotedName is a documented name with its quotes, in words that together are
// all of it.
type quotedName struct {
	length                     int    // in bytes, quotes included; -1 of no name
	first, second, third, last uint64 // eight bytes each; the last may overlap those before
}

var quotedNames = makeQuotedNames()

func makeQuotedNames() (t [len(fieldNames)]quotedName) {
	t[NoField].length = -1
	for i, n := range fieldNames[1:] {
		q := []byte(`"` + n + `"`)
		w := quotedName{length: len(q), first: first8(q), last: last8(q)}
		if len(q) > 16 {
			w.second = second8(q)
		}
		if len(q) > 24 {
			w.third = third8(q)
		}
		t[i+1] = w
	}
	return t
}

func first8(q []byte) uint64  { return binary.LittleEndian.Uint64(q) }
func second8(q []byte) uint64 { return binary.LittleEndian.Uint64(q[8:]) }
func third8(q []byte) uint64  { return binary.LittleEndian.Uint64(q[16:]) }
func last8(q []byte) uint64   { return binary.LittleEndian.Uint64(q[len(q)-8:]) }

// quotedFieldID is fieldIDOf for a name in its quotes. It compares words, which
// takes half the time of comparing strings.
func quotedFieldID(q []byte) FieldID {
	if len(q) < shortestField+2 {
		return NoField
	}
	f := fieldTable[fieldHash(q[1:len(q)-1])]
	w := &quotedNames[f]
	if len(q) != w.length || first8(q) != w.first || last8(q) != w.last ||
		len(q) > 16 && second8(q) != w.second || len(q) > 24 && third8(q) != w.third {
		return NoField
	}
	return f
}

// FieldIDOf is the FieldID of a top-level field name, exact-case, or NoField.
func FieldIDOf(name string) FieldID { return fieldIDOf([]byte(name)) }

// String is the field's name in the record.
func (f FieldID) String() string { return fieldNames[f] }
