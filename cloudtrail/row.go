package cloudtrail

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// Rows of Athena tables and of CloudTrail Lake exports have a record's fields
// as columns. Athena folds column and struct member names to lower case and
// keeps request, response and additional data as JSON text; in CSV a struct is
// written as {name=value, name=value}. A row is written anew as the record
// that it was.

// columnNames are the exact spelling of names that exports fold to lower case.
var columnNames = makeColumnNames()

func makeColumnNames() map[string]string {
	names := map[string]string{}
	for _, n := range append([]string{
		"principalId", "accessKeyId", "userName", "invokedBy", "sessionContext", "sessionIssuer",
		"mfaAuthenticated", "creationDate", "webIdFederationData", "federatedProvider", "sourceIdentity",
		"ec2RoleDelivery", "assumedRoot", "onBehalfOf", "userId", "identityStoreArn", "identityProvider",
		"credentialId", "inScopeOf", "sourceArn", "sourceAccount", "issuerType", "credentialsIssuedTo",
		"invokedByDelegate", "tlsVersion", "cipherSuite", "clientProvidedHostHeader", "keyExchange",
	}, fieldNames[1:]...) {
		if n != LowerEventID.String() {
			names[strings.ToLower(n)] = n
		}
	}
	return names
}

// isRow tells whether an object has a record's fields, folded to lower case,
// and none of them in its own spelling.
func isRow(r *Record) bool {
	if r.anyLeading() {
		return false
	}
	n := 0
	for _, k := range []string{"eventversion", "eventtime", "eventsource", "eventname", "eventid", "awsregion", "useridentity"} {
		if r.Get(k).Exists() {
			n++
		}
	}
	return n >= 2
}

// rowWriter writes the record that a row was.
type rowWriter struct{ out []byte }

// name starts a member.
func (w *rowWriter) name(column string) string {
	if n, ok := columnNames[strings.ToLower(column)]; ok {
		column = n
	}
	w.open('{')
	w.out = appendJSONString(w.out, column)
	w.out = append(w.out, ':')
	return column
}

// open writes a comma, or the bracket when nothing is open yet.
func (w *rowWriter) open(bracket byte) {
	if len(w.out) == 0 {
		w.out = append(w.out, bracket)
		return
	}
	if c := w.out[len(w.out)-1]; c != '{' && c != '[' {
		w.out = append(w.out, ',')
	}
}

func (w *rowWriter) close() []byte {
	if len(w.out) == 0 {
		w.out = append(w.out, '{')
	}
	return append(w.out, '}')
}

// json writes a column whose value is JSON.
func (w *rowWriter) json(column string, v Value) {
	column = w.name(column)
	switch v.Kind() {
	case String:
		if s := v.Text(nil); holdsStructure[column] && structured(s) {
			w.out = append(w.out, s...)
			return
		}
		w.out = append(w.out, v.raw...)
	case Object, Array:
		w.cased(column, v)
	default:
		w.out = append(w.out, v.raw...)
	}
}

// holdsStructure are the fields that exports keep as JSON text.
var holdsStructure = map[string]bool{
	"userIdentity": true, "requestParameters": true, "responseElements": true, "additionalEventData": true,
	"resources": true, "serviceEventDetails": true, "addendum": true, "edgeDeviceDetails": true,
	"tlsDetails": true, "eventContext": true, "insightDetails": true,
}

// structured tells whether text is a JSON object or array.
func structured(s []byte) bool {
	i := jsonscan.SkipSpace(s, 0)
	return i < len(s) && (s[i] == '{' || s[i] == '[') && json.Valid(s)
}

// cased writes a container, giving the members of documented structs their own
// spelling back.
func (w *rowWriter) cased(column string, v Value) {
	if column != "userIdentity" && column != "resources" && column != "tlsDetails" {
		w.out = append(w.out, v.raw...)
		return
	}
	if v.Kind() == Array {
		w.out = append(w.out, '[')
		v.Elements(func(i int, x Value) bool {
			if i > 0 {
				w.out = append(w.out, ',')
			}
			w.cased(column, x)
			return true
		})
		w.out = append(w.out, ']')
		return
	}
	if v.Kind() != Object {
		w.out = append(w.out, v.raw...)
		return
	}
	w.out = append(w.out, '{')
	v.Members(func(k []byte, x Value) bool {
		w.open('{')
		w.out = appendJSONString(w.out, memberName(column, string(jsonscan.Unescape(nil, k))))
		w.out = append(w.out, ':')
		w.cased(column, x)
		return true
	})
	w.out = append(w.out, '}')
}

// memberName is a struct member's own spelling inside a field.
func memberName(column, name string) string {
	if column == "resources" && name == "arn" {
		return "ARN"
	}
	if n, ok := columnNames[name]; ok {
		return n
	}
	return name
}

// text writes a CSV cell. An empty cell is NULL: the field was missing.
func (w *rowWriter) text(column, cell string) {
	if cell == "" {
		return
	}
	column = w.name(column)
	switch {
	case (column == "readOnly" || column == "managementEvent") && (cell == "true" || cell == "false"):
		w.out = append(w.out, cell...)
	case holdsStructure[column] && cell == "null":
		w.out = append(w.out, cell...)
	case holdsStructure[column] && structured([]byte(cell)):
		w.cased(column, ValueOf(bytes.TrimSpace([]byte(cell))))
	case holdsStructure[column] && (cell[0] == '{' || cell[0] == '['):
		w.out = append(w.out, structText(column, cell)...)
	default:
		w.out = appendJSONString(w.out, cell)
	}
}

// appendJSONString appends s as a JSON string.
func appendJSONString(dst []byte, s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		return append(dst, `""`...)
	}
	return append(dst, b...)
}
