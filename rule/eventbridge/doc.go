// Package eventbridge reads Amazon EventBridge event patterns and turns them
// into predicates that mean what they mean in EventBridge.
//
// A pattern is a JSON object that mirrors the event: each key is a field, each
// field holds an object (go deeper) or an array (any of these values or
// operators will do), and every field named must match:
//
//	{
//	  "source": ["aws.iam"],
//	  "detail": {
//	    "eventName": ["CreateUser", {"prefix": "CreateAccess"}],
//	    "errorCode": [{"exists": false}]
//	  }
//	}
//
// The meaning follows the Event Ruler, the open-source matcher that EventBridge
// runs, and the EventBridge User Guide (pages "Event pattern syntax",
// "Comparison operators", "Arrays in event patterns" and "Null values and empty
// strings"). What surprises people:
//
//   - The event is flattened: a field is its dotted path, arrays add nothing to
//     it, and a key "a.b" is the same field as b inside a. Empty arrays and
//     empty objects have no value at all, so {"exists": false} matches them.
//   - Two fields that lie in one array of objects must be met by the same
//     element.
//   - Values in one array of the pattern are alternatives, so two anything-but
//     side by side let everything through.
//   - anything-but needs the field to be there.
//   - Numbers compare by value: 300, 300.0 and 3.0e2 are one number; "300" is
//     not a number.
//   - "$or" counts as an operator only where its value is an array of at least
//     two objects without operator names as fields. If reading it so fails
//     anywhere, the whole pattern is read again with "$or" as a plain field.
//   - A key given twice: the later value replaces the earlier one (objects are
//     merged, as the Event Ruler does). Parse accepts it and warns.
//
// Parse says what is wrong with codes EB001 to EB014 and warns with EBW codes.
// A pattern judges two kinds of events: Predicate takes a CloudTrail record as
// it stands in a log file and supplies the envelope that EventBridge would have
// delivered it in; Event takes any JSON event as it is. IsRecord tells which of
// the two an event asks for.
package eventbridge
