package cloudtrail

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
	Summary
	numFields
)

// FieldIDOf is the FieldID of a top-level field name, exact-case, or NoField.
func FieldIDOf(name string) FieldID {
	for i, n := range fieldNames[1:] {
		if n == name {
			return FieldID(i + 1)
		}
	}
	return NoField
}

// String is the field's name in the record.
func (f FieldID) String() string { return fieldNames[f] }

// Field is the record's own field f; the last of duplicate keys wins.
func (r *Record) Field(f FieldID) Value { return r.Get(fieldNames[f]) }
