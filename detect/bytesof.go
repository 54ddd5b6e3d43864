package detect

import "unsafe"

// bytesOf is s as bytes that nobody may change. An engine of many rules holds
// more text than anything else; this way it shares the text of the rules.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// textOf is what bytesOf was made of.
func textOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
