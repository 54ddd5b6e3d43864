package sqlite

import (
	"encoding/json"
	"fmt"

	"github.com/trailwarden/trailwarden/alert"
)

// addSink reads a sink's state into env, unless it is there.
func (t *tx) addSink(env *alert.Env, name string) error {
	if env.Sinks[name] != nil {
		return nil
	}
	var doc []byte
	var check int64
	found, err := t.one("SELECT doc, sum FROM sink WHERE name = ?", []any{name}, &doc, &check)
	if err != nil {
		return err
	}
	state := &alert.SinkState{Name: name}
	if found {
		if sum("sink", name, doc) != check {
			return damaged("sink", name)
		}
		if err := json.Unmarshal(doc, state); err != nil {
			return fmt.Errorf("sink %s: %w", name, err)
		}
	}
	env.Sinks[name] = state
	return nil
}

func (t *tx) saveSinks(env *alert.Env) error {
	for name, state := range env.Sinks {
		if !state.Changed() {
			continue
		}
		doc, err := json.Marshal(state)
		if err != nil {
			return fmt.Errorf("sink %s: %w", name, err)
		}
		if err := t.exec("INSERT OR REPLACE INTO sink (name, doc, sum) VALUES (?, ?, ?)", name, doc, sum("sink", name, doc)); err != nil {
			return err
		}
	}
	return nil
}
