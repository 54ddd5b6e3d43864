package rule

// Options says how rule files are read.
type Options struct{}
