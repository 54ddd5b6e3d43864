package config

import "reflect"

// Reads are the files that are read together with the configuration, beside rules
// and secrets: names, places of addresses, queries, certificates.
func (c *Config) Reads() []string { return reads(reflect.ValueOf(c).Elem()) }

func reads(v reflect.Value) (files []string) {
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return reads(v.Elem())
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		for i := range v.Len() {
			files = append(files, reads(v.Index(i))...)
		}
		return files
	case v.Kind() != reflect.Struct || isScalar(v):
		return nil
	}
	for _, f := range fields(v.Type()) {
		x := v.FieldByIndex(f.Index)
		if f.tag("path") == "read" && x.String() != "" {
			files = append(files, x.String())
			continue
		}
		files = append(files, reads(x)...)
	}
	return files
}
