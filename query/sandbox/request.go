package sandbox

// Request is what the child is to do.
type Request struct {
	// SQL is one statement in the engine's own dialect.
	SQL string
	// Setup are statements that make the views, run before the engine is locked.
	Setup []string
	// Stream names the columns of the table function ct_stream(), whose rows
	// come as frames; none means that no rows will come.
	Stream []string
	// Keep has the stream's rows kept in a table, so that the statement may read
	// them more than once.
	Keep bool
	// Folders hold the files that the views read; the engine may open no others.
	Folders []string
	// Memory bounds what the engine allocates for tables, sorts and joins, in
	// bytes. The process has a bound of its own, see Limits.
	Memory  int64
	Threads int
	// MaxRows and MaxBytes bound the result; 0 means no bound.
	MaxRows  int64
	MaxBytes int64
	// MaxCell bounds one cell of the result, in bytes.
	MaxCell int
	// Write, when set, makes the child write the statement's result to a Parquet
	// file instead of sending it. Only a Limits.Writer may.
	Write *ParquetFile
	// Files makes the child write the statement's result to one Parquet file after
	// the other, each from a stream of its own, as frames say. Only a
	// Limits.Writer may.
	Files bool
}

// ParquetFile says how a result is written.
type ParquetFile struct {
	Path     string // a file; with Partition, an empty folder
	RowGroup int    // rows in a row group
	// Partition names the columns that make folders: column=value/….
	Partition []string
}

// Column is a column of a result.
type Column struct {
	Name string
	// Type is the type as Trino names it, such as varchar or
	// timestamp(3) with time zone.
	Type string
	// EngineType is the type as the embedded engine names it.
	EngineType string
}

// Done is how a result ends well.
type Done struct {
	Rows      int64
	Truncated string // which bound cut the result short, or empty
}

// Failure is how it ends badly.
type Failure struct {
	// Stage says what failed: "lock" for the sandbox itself, "setup" for the
	// views, "prepare" for the statement's text, "run" for its execution.
	Stage   string
	Message string
}

func (f *Failure) Error() string { return f.Message }
