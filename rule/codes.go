package rule

// The codes of the loader's diagnostics. They stay the same over releases.
// docs/diagnostics.md explains each, with those of the languages.
const (
	CodeSyntax    = "TW001" // not YAML or JSON, too big, too deep, a key twice
	CodeShape     = "TW002" // no kind of rule file
	CodeKey       = "TW003" // unknown key
	CodeMissing   = "TW004" // a key that must be there is not
	CodeType      = "TW005" // a value of the wrong type or form
	CodeSeverity  = "TW006" // no severity of ours
	CodeLanguage  = "TW007" // not exactly one language under match
	CodeReference = "TW008" // file: cannot be read, or leaves its folder
	CodeDuplicate = "TW009" // warning: an id given twice
	CodeTest      = "TW010" // a test that cannot be run
	CodeRead      = "TW011" // a path that cannot be read
	CodeState     = "TW012" // a rule state that is none, or has no meaning here
	CodeNoRules   = "TW013" // warning: a path that holds no rule
	CodeMemory    = "TW014" // what a rule remembers is contradictory or out of range
	CodeAlarm     = "TW015" // a CloudWatch alarm that cannot be judged, or that no filter feeds
	CodeCountry   = "TW016" // a rule on countries without a file that knows them
)
