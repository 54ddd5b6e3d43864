package main

import (
	"database/sql"
)

func registerScalars(*sql.Conn) error { return nil }

func macros() []string { return nil }
