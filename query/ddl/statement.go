package ddl

import (
	"fmt"
	"strings"
)

// Create is the statement that makes the table, in Athena's DDL. It does nothing
// where a table of that name is.
func (t Table) Create() (string, error) {
	t, err := t.complete()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE EXTERNAL TABLE IF NOT EXISTS %s (\n%s\n)\n", t.named(), columnList(t.Columns()))
	fmt.Fprintf(&b, "PARTITIONED BY (\n%s\n)\n", columnList(t.Partitions()))
	fmt.Fprintf(&b, "ROW FORMAT SERDE '%s'\nSTORED AS INPUTFORMAT '%s'\nOUTPUTFORMAT '%s'\n", serde, inputFormat, outputFormat)
	fmt.Fprintf(&b, "LOCATION %s\nTBLPROPERTIES (\n%s\n);\n", quoted(t.Location()), propertyList(t.Properties()[1:]))
	return b.String(), nil
}

// Alter is the statement that brings accounts, regions and days of a table that
// is there up to date; it changes nothing else and leaves no gap.
func (t Table) Alter() (string, error) {
	t, err := t.complete()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("ALTER TABLE %s SET TBLPROPERTIES (\n%s\n);\n", t.named(), propertyList(t.Properties()[1:])), nil
}

// named is the table's name. Names with back-ticks may be reserved words.
func (t Table) named() string { return "`" + t.Database + "`.`" + t.Name + "`" }

func columnList(all []Column) string {
	lines := make([]string, len(all))
	for i, c := range all {
		lines[i] = "  `" + c.Name + "` " + c.Type
	}
	return strings.Join(lines, ",\n")
}

func propertyList(all []Property) string {
	lines := make([]string, len(all))
	for i, p := range all {
		lines[i] = "  " + quoted(p.Name) + " = " + quoted(p.Value)
	}
	return strings.Join(lines, ",\n")
}

// quoted is a text in Hive's DDL, where a backslash escapes.
func quoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
