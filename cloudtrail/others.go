package cloudtrail

import "strings"

// Others calls yield for each of the record's own fields whose name CloudTrail
// does not document, in order and duplicates included, until yield returns
// false. The key is raw JSON text without its quotes; it may hold escapes.
func (r *Record) Others(yield func(rawKey []byte, v Value) bool) {
	for i := range r.others {
		if !yield(r.others[i].key, r.value(r.others[i].slot)) {
			return
		}
	}
}

// FieldIDsFold are the documented fields whose names equal name only when case
// is ignored.
func FieldIDsFold(name string) []FieldID {
	var ids []FieldID
	for i, n := range fieldNames[1:] {
		if n != name && strings.EqualFold(n, name) {
			ids = append(ids, FieldID(i+1))
		}
	}
	return ids
}
