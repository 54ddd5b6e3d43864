package config

// Store is where alerts and the outbox are kept.
type Store struct {
	SQLite   *SQLite   `key:"sqlite" kind:"true" doc:"One file on this machine: for one server, or the command line."`
	DynamoDB *DynamoDB `key:"dynamodb" kind:"true" doc:"A table shared by servers and Lambda functions."`
}

// SQLite is the embedded store.
type SQLite struct {
	Path string `key:"path" need:"true" path:"true" doc:"The file; its folder must exist and belong to the program."`
}

// DynamoDB is the shared store.
type DynamoDB struct {
	Table  string `key:"table" need:"true" doc:"Name of the table."`
	Create bool   `key:"create" doc:"Make the table if it is not there."`
	Client
}

// Limits bound what input may cost. What goes over one is refused with a
// reason and counted.
type Limits struct {
	Decompressed Bytes    `key:"decompressed" default:"2GiB" min:"1" doc:"Most bytes that one file may unpack to."`
	Ratio        int      `key:"ratio" default:"200" min:"1" max:"1000000" doc:"Most bytes that one compressed byte may unpack to, on average."`
	RatioAfter   Bytes    `key:"ratio_after" default:"16MiB" doc:"Unpacked bytes from which on the ratio is judged."`
	Record       Bytes    `key:"record" default:"4MiB" min:"1" max:"1GiB" doc:"Most bytes of one record."`
	Depth        int      `key:"depth" default:"256" min:"1" max:"10000" doc:"Most levels of nesting in one record."`
	Keys         int      `key:"keys" default:"20000" min:"1" doc:"Most keys in one record."`
	Members      int      `key:"gzip_members" default:"1024" min:"1" doc:"Most gzip members in one file."`
	Shown        int      `key:"shown" default:"1024" min:"16" doc:"Most characters of one value in a message; the whole text stays in the evidence."`
	Groups       int      `key:"groups" default:"200000" min:"1" doc:"Groups of all rules that remember together that are held in memory, some 2 KB each; the others are in the store and are read when they are needed."`
	Backlog      int      `key:"backlog_warning" default:"10000" min:"1" doc:"Messages waiting for a sink from which on it is warned of; none is ever dropped."`
	Remember     Duration `key:"remember" default:"7d" doc:"How long the identities of records are remembered."`
	Lateness     Duration `key:"lateness" default:"1h" doc:"How much later than others a record may come and still count in its window."`
}

// Enrich adds what records do not hold.
type Enrich struct {
	Accounts *AccountNames `key:"accounts" short:"file" doc:"Names and organizational units of accounts."`
	GeoIP    *GeoIP        `key:"geoip" doc:"Places and networks of addresses, from MaxMind files. A newer file must take the place of one in use by a rename, as geoipupdate does it: one that is written over while it is read ends the program."`
}

// AccountNames says where names of accounts come from.
type AccountNames struct {
	File          string         `key:"file" path:"read" doc:"A file of names, YAML or CSV; what it says goes before AWS Organizations."`
	Organizations *Organizations `key:"organizations" doc:"AWS Organizations, asked from the management account or a delegated administrator."`
}

// Organizations is asked for accounts.
type Organizations struct {
	Refresh Duration `key:"refresh" default:"24h" doc:"How often it is asked."`
	Cache   string   `key:"cache" path:"true" doc:"File that keeps the names between runs."`
	Client
}

// GeoIP are MaxMind files.
type GeoIP struct {
	City string `key:"city" path:"read" doc:"A GeoLite2-City, GeoIP2-City or -Country file, .mmdb."`
	ASN  string `key:"asn" path:"read" doc:"A GeoLite2-ASN file, .mmdb."`
}

// Messages say how alerts are put in words.
type Messages struct {
	Templates []Template `key:"templates" named:"true" doc:"Words of your own that sinks can show in place of their own rendering, by name."`
	Athena    string     `key:"athena_table" default:"cloudtrail_logs" doc:"Table that the ready queries in messages name."`
}

// Template is words of the user's own, in the syntax of Go's text/template over
// the message.
type Template struct {
	Name     string
	Headline string            `key:"headline" doc:"The headline, one line."`
	Text     string            `key:"text" doc:"The body as plain text."`
	HTML     string            `key:"html" doc:"The body as HTML; values are escaped for their place."`
	Fields   map[string]string `key:"fields" open:"true" doc:"Fields that the sink's target knows by name."`
}

// Serve says how the server runs.
type Serve struct {
	Listen   string   `key:"listen" default:"127.0.0.1:8181" doc:"Address and port of health, readiness and metrics."`
	Reload   Duration `key:"reload" default:"30s" zero:"true" doc:"How often rules and configuration are looked at for changes; 0 leaves it to SIGHUP."`
	Stop     Duration `key:"stop" default:"10s" doc:"How long stopping may take."`
	Silence  Silence  `key:"silence" doc:"The alarm when nothing comes any more."`
	Health   []string `key:"health_sinks" doc:"Sinks that are told when the watcher itself needs attention; without it, all that matching routes name."`
	Workers  int      `key:"workers" min:"1" max:"1024" doc:"Files judged at once; without it, one for each CPU."`
	LogLevel string   `key:"log_level" default:"info" enum:"debug,info,warn,error" doc:"How much is logged."`
	Pprof    bool     `key:"pprof" doc:"Serve Go's profiles under /debug/pprof/, on a loopback address only."`
}

// Silence is the alarm when nothing comes.
type Silence struct {
	Enabled bool     `key:"enabled" default:"true" doc:"Whether there is one."`
	Source  Duration `key:"source" default:"2h" zero:"true" doc:"How long a source that used to deliver may give nothing; 0 leaves this alarm out."`
	Account Duration `key:"account" default:"24h" zero:"true" doc:"How long an account that used to have records may have none; 0 leaves this alarm out."`
	Region  Duration `key:"region" default:"7d" zero:"true" doc:"The same for a region of an account; 0 leaves this alarm out."`
}

// Query says how questions are answered.
type Query struct {
	Engine  string   `key:"engine" default:"local" enum:"local,athena" doc:"The embedded engine, or Athena."`
	Memory  Bytes    `key:"memory" default:"2GiB" doc:"Most memory of the embedded engine."`
	Timeout Duration `key:"timeout" default:"5m" doc:"How long one query may take."`
	Athena  *Athena  `key:"athena" doc:"How Athena is asked."`
}

// Athena is a database.
type Athena struct {
	Database  string `key:"database" default:"default" doc:"Database of the table."`
	Table     string `key:"table" default:"cloudtrail_logs" doc:"The CloudTrail table."`
	Workgroup string `key:"workgroup" doc:"Workgroup to run in."`
	Output    string `key:"output" doc:"Where results go, an s3:// URL; without it, the workgroup says."`
	Client
}

// Lake is the Parquet copy of the logs.
type Lake struct {
	Path      string   `key:"path" path:"true" doc:"Folder of the lake."`
	Keep      bool     `key:"serve" doc:"serve adds what it reads."`
	Retention Duration `key:"retention" doc:"How long days are kept; without it, for ever."`
}

// AWS is what holds for every AWS client that does not say otherwise.
type AWS struct {
	Region   string `key:"region" doc:"Region of clients that name none; without it, that of the environment."`
	Profile  string `key:"profile" doc:"Profile of the shared configuration files."`
	Endpoint string `key:"endpoint" doc:"One endpoint for all services, such as an emulator's."`
}
