package main

import (
	"reflect"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/trailwarden/trailwarden/deploy/topology"
	trigger "github.com/trailwarden/trailwarden/lambda/sample"
	"github.com/trailwarden/trailwarden/report"
)

// grammarFor is the grammar that these arguments are read by. Reading the structs
// of all commands takes a third of the time of a short command, so where the first
// argument is a command's name, only that command's are read; it then takes and
// refuses the same, in the same words.
func grammarFor(args []string, cli *commandLine, more ...kong.Option) (*kong.Kong, error) {
	if len(args) > 0 {
		if command := commandNamed(cli, args[0]); command != nil {
			return grammar(new(struct{}), append(more, command)...)
		}
	}
	return grammar(cli, more...)
}

// commandNamed is the command of that name as a grammar's only one; nil where
// there is none or where it needs the others too.
func commandNamed(cli *commandLine, name string) kong.Option {
	fields := reflect.ValueOf(cli).Elem()
	for i := range fields.NumField() {
		tag := fields.Type().Field(i).Tag
		if _, whole := tag.Lookup("whole"); whole || commandWord(fields.Type().Field(i)) != name {
			continue
		}
		return kong.DynamicCommand(name, tag.Get("help"), tag.Get("group"), fields.Field(i).Addr().Interface(), string(tag))
	}
	return nil
}

// commandWord is what a field's command is called.
func commandWord(f reflect.StructField) string {
	if name := f.Tag.Get("name"); name != "" {
		return name
	}
	return strings.ToLower(f.Name)
}

// verbatim takes a text as it was given. kong hands texts through JSON, in which
// bytes that are no UTF-8 are lost, and names of files may have them.
func verbatim(ctx *kong.DecodeContext, to reflect.Value) error {
	t, err := ctx.Scan.PopValue("string")
	if err != nil {
		return err
	}
	to.SetString(t.String())
	return nil
}

// grammar reads the structs as kong does, their words filled in.
func grammar(commands any, more ...kong.Option) (*kong.Kong, error) {
	return kong.New(commands, append(more,
		kong.Name("trailwarden"),
		kong.Description("Trailwarden reads AWS CloudTrail logs and says what in them deserves attention."),
		kong.KindMapper(reflect.String, kong.MapperFunc(verbatim)),
		kong.TypeMapper(reflect.TypeFor[time.Duration](), kong.MapperFunc(lengthFlag)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Vars{"formats": strings.Join(report.Formats(), ", "), "samples": strings.Join(trigger.Names(), ", "), "architectures": strings.Join(topology.Names(), ", ")},
	)...)
}
