// Package sigma reads Sigma detection rules and compiles them into package
// detect's predicates, with CloudTrail records as the log source.
//
// It follows the SigmaHQ rules, modifiers and filters specification, version
// 2.1.0, and, where that is silent, what the pySigma library does. What the
// specification leaves to the backend is decided for CloudTrail:
//
//   - null means "absent or null", because CloudTrail rules such as
//     errorCode: null need it;
//   - a boolean or number also matches the text that holds it, because
//     CloudTrail carries both forms;
//   - an object, or an array that is not a list of scalars, has its compact
//     JSON as text, so requestParameters|contains works;
//   - arrays on a field's path are entered: any element may satisfy the test;
//   - regular expressions are RE2 and are searched for, so look-around and
//     back-references are refused (SG006).
//
// A rule for another log source and a rule with a placeholder that nobody gave
// values for are valid but judge nothing: Rule.Inactive says why. A correlation,
// and a rule with count(), judges windows of events: Rule.Memory.
//
// # Codes
//
// Errors: SG001 YAML invalid or of the wrong shape; SG002 a mandatory part
// missing or empty; SG003 unknown modifier, illegal chain or operand; SG004
// condition syntax; SG005 unknown identifier or empty pattern; SG006 regular
// expression not RE2 or too big; SG008 correlation reference or cycle; SG009
// bad timespan, correlation type or correlation condition; SG010 filter without
// rules; SG011 unsupported legacy aggregation; SG012 processing pipeline.
// SG007, an unresolved placeholder, is a warning: the rule stays inactive.
//
// Warnings: SGW1 null in a list; SGW2 "all" on one value; SGW3 unreferenced
// identifier; SGW4 field unknown to CloudTrail; SGW5 unused log source; SGW6
// field name in another letter case; SGW7 filter without "not"; SGW8 metadata
// out of form; SGW9 filter for a rule that is not loaded; SGW10 network address
// with host bits; SGW11 key that no correlation has; SGW12 UTF-16 without Base64;
// SGW13 "base64offset" without "contains"; SGW14 part of a time that none has.
package sigma
