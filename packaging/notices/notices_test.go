package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestEveryModuleIsNamed holds THIRD_PARTY_NOTICES.md to go.mod. When it fails,
// run make notices.
func TestEveryModuleIsNamed(t *testing.T) {
	text, err := os.ReadFile("../../THIRD_PARTY_NOTICES.md")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct{ Require []struct{ Path string } }
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	if len(mod.Require) < 40 {
		t.Fatalf("go.mod requires %d modules; was it read?", len(mod.Require))
	}
	for _, m := range mod.Require {
		if !strings.Contains(string(text), "| `"+m.Path+"` | ") {
			t.Errorf("THIRD_PARTY_NOTICES.md does not name %s: run make notices", m.Path)
		}
		if !strings.Contains(string(text), "- `"+m.Path+"`") {
			t.Errorf("THIRD_PARTY_NOTICES.md has no licence of %s: run make notices", m.Path)
		}
	}
	for _, owner := range []string{"The MITRE Corporation", "botocore", "The Go Authors", "DuckDB"} {
		if !strings.Contains(string(text), owner) {
			t.Errorf("THIRD_PARTY_NOTICES.md does not speak of %s", owner)
		}
	}
}

// TestLicencesAreTakenApart: owners are kept, and texts that differ in owners and
// line breaks only are one.
func TestLicencesAreTakenApart(t *testing.T) {
	const grant = "Permission is hereby granted, free of charge, to any person"
	a := licenceOf("The MIT License\n\nCopyright (c) 2014 Ann\n\n" + grant + "\nobtaining a copy")
	b := licenceOf("The MIT License\r\n\r\nCopyright (c) 2020-2024 Ben\r\nCopyright 2021 Cleo\r\n\r\n" + grant + " obtaining\r\na copy")
	if a.name != "MIT" || len(a.owners) != 1 || len(b.owners) != 2 || flatten(a.body) != flatten(b.body) {
		t.Errorf("%+v\n%+v", a, b)
	}
	text := texts([]module{{Path: "example.com/a", licences: []licence{a}}, {Path: "example.com/b", licences: []licence{b}, notices: []string{"Made by Ben"}}})
	for _, want := range []string{"- `example.com/a`: Copyright (c) 2014 Ann\n", "- `example.com/b`: Copyright (c) 2020-2024 Ben; Copyright 2021 Cleo\n", "Of `example.com/b`:\n\n`````text\nMade by Ben\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Count(text, "Permission is hereby") != 1 {
		t.Errorf("the licence is there more than once:\n%s", text)
	}
}

// TestLicencesAreNamed by their SPDX identifiers.
func TestLicencesAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"Apache License\n   Version 2.0, January 2004":                                                    "Apache-2.0",
		"Mozilla Public License, version 2.0":                                                             "MPL-2.0",
		"Permission to use, copy, modify, and/or distribute this software for any purpose":                "ISC",
		"Redistribution and use in source and binary forms … Neither the name of":                         "BSD-3-Clause",
		"Redistribution and use in source and\nbinary forms, with or without modification, are permitted": "BSD-2-Clause",
		"All rights reserved.": "see below",
	} {
		if got := spdx(text); got != want {
			t.Errorf("%q is %s; want %s", text, got, want)
		}
	}
}
