package enrich

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
)

// maxFile bounds a file of accounts, in bytes.
const maxFile = 2 << 20

// LoadAccounts reads accounts from the file at path: CSV where its name ends in
// .csv, else YAML. Errors name file and line.
func LoadAccounts(path string) (Accounts, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the file of account names cannot be read: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: the account names cannot be read: %w", path, err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s: more than %d bytes of account names", path, maxFile)
	}
	return ParseAccounts(path, text)
}

// ParseAccounts reads accounts as LoadAccounts does; path names the text in
// errors and tells its format. In YAML they stand under the key accounts, as a
// mapping or a list:
//
//	accounts:
//	  "111122223333": production
//	  "444455556666": {name: sandbox, unit: Root/Sandbox}
//
// In CSV the first line names the columns: id and name, and perhaps unit. Other
// columns are passed over, so that the export of the AWS Organizations console
// can be used as it is.
func ParseAccounts(path string, text []byte) (Accounts, error) {
	if strings.EqualFold(filepath.Ext(path), ".csv") {
		return parseCSV(path, string(text))
	}
	t, err := parseYAML(text)
	var e *yamldoc.Error
	if errors.As(err, &e) && e.Line > 0 {
		return nil, fmt.Errorf("%s:%d: %s", path, e.Line, e.Message)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

func parseYAML(text []byte) (Accounts, error) {
	docs, err := yamldoc.Parse(text)
	if err != nil {
		return nil, err
	}
	if len(docs) != 1 || docs[0].Kind != yamldoc.Map {
		return nil, &yamldoc.Error{Line: 1, Message: "expected one mapping with the key accounts"}
	}
	for _, k := range docs[0].Keys {
		if k.Text != "accounts" {
			return nil, at(k, "unknown key %q; expected accounts", k.Text)
		}
	}
	t := Accounts{}
	list := docs[0].Get("accounts")
	if list == nil || list.Kind != yamldoc.Map && list.Kind != yamldoc.List {
		return nil, at(docs[0], "accounts must be a mapping from account id to name, or a list")
	}
	for i, v := range list.Values {
		var a Account
		place := v
		if list.Kind == yamldoc.Map {
			place = list.Keys[i]
			a.ID = place.Text
		}
		if err := a.read(v, list.Kind == yamldoc.List); err != nil {
			return nil, err
		}
		if err := t.add(a); err != nil {
			return nil, at(place, "%v", err)
		}
	}
	return t, nil
}

func at(n *yamldoc.Node, format string, args ...any) error {
	return &yamldoc.Error{Line: n.Line, Message: fmt.Sprintf(format, args...)}
}

// read takes an account from a name, or from a mapping.
func (a *Account) read(n *yamldoc.Node, withID bool) error {
	if n.Kind != yamldoc.Map {
		if withID || n.Kind == yamldoc.List || n.Kind == yamldoc.Null {
			return at(n, "an account must be a name, or a mapping with name and perhaps unit")
		}
		a.Name = n.Text
		return nil
	}
	for i, k := range n.Keys {
		v := n.Values[i]
		if v.Kind == yamldoc.Map || v.Kind == yamldoc.List {
			return at(v, "%s must be text", k.Text)
		}
		switch {
		case k.Text == "name":
			a.Name = v.Text
		case k.Text == "unit":
			a.Unit = v.Text
		case k.Text == "id" && withID:
			a.ID = v.Text
		default:
			return at(k, "unknown key %q of an account; expected name or unit", k.Text)
		}
	}
	return nil
}

func (t Accounts) add(a Account) error {
	if err := checkID(a.ID); err != nil {
		return err
	}
	if _, ok := t[a.ID]; ok {
		return fmt.Errorf("account %s is named twice", a.ID)
	}
	t[a.ID] = a
	return nil
}

func parseCSV(path, text string) (Accounts, error) {
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%s:1: expected a line that names the columns, such as id,name,unit: %w", path, err)
	}
	id, name, unit := columns(header)
	if id < 0 || name < 0 {
		return nil, fmt.Errorf("%s:1: expected columns id and name, found %.200q", path, strings.Join(header, ","))
	}
	t := Accounts{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		var pe *csv.ParseError
		if errors.As(err, &pe) {
			return nil, fmt.Errorf("%s:%d: not CSV: %w", path, pe.StartLine, pe.Err)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		line, _ := r.FieldPos(0)
		if err := t.add(Account{cell(row, id), cell(row, name), cell(row, unit)}); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, line, err)
		}
	}
}

func cell(row []string, i int) string {
	if i < 0 || i >= len(row) {
		return ""
	}
	return strings.TrimSpace(row[i])
}

// columns finds the columns by the names that people and the console give them.
func columns(header []string) (id, name, unit int) {
	id, name, unit = -1, -1, -1
	for i, h := range header {
		switch strings.NewReplacer(" ", "", "_", "", "-", "").Replace(strings.ToLower(strings.TrimSpace(h))) {
		case "id", "account", "accountid":
			id = i
		case "name", "accountname":
			name = i
		case "unit", "ou", "oupath", "organizationalunit", "organizationalunitpath", "parent":
			unit = i
		}
	}
	return id, name, unit
}
