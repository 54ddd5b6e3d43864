package main

import (
	"fmt"
	"time"
)

// variant is what an image is for.
type variant struct {
	programs   []string // file names in -bin
	folder     string   // where they go
	entrypoint []string
	command    []string
	workdir    string
	libraries  bool // needs a C library
	single     bool // one architecture only
	title      string
}

func variantNamed(name string) (variant, error) {
	serve := []string{"serve", "--config", "/etc/trailwarden/trailwarden.yaml"}
	v, ok := map[string]variant{
		"minimal": {programs: []string{"trailwarden"}, folder: "usr/bin", entrypoint: []string{"/usr/bin/trailwarden"}, command: serve, workdir: "/var/lib/trailwarden", title: "trailwarden"},
		"full": {programs: []string{"trailwarden", "trailwarden-engine"}, folder: "usr/bin", entrypoint: []string{"/usr/bin/trailwarden"}, command: serve, workdir: "/var/lib/trailwarden",
			libraries: true, title: "trailwarden with its SQL engine"},
		// Lambda's own base images keep the bootstrap here ("Building container
		// images with an OS-only base image", AWS Lambda Developer Guide).
		"lambda": {programs: []string{"bootstrap"}, folder: "var/runtime", entrypoint: []string{"/var/runtime/bootstrap"}, command: []string{"bootstrap"}, workdir: "/var/task",
			single: true, title: "trailwarden for AWS Lambda"},
	}[name]
	if !ok {
		return v, fmt.Errorf("-variant %s: want minimal, full or lambda", name)
	}
	return v, nil
}

// nonroot is the user and the group that programs run as: the number that
// distroless images use. Lambda has a user of its own and takes no notice.
const nonroot = 65532

// image makes one architecture's layers, configuration and manifest.
func (o *options) image(l *layout, arch string) (descriptor, error) {
	system, err := o.system(arch)
	if err != nil {
		return descriptor{}, err
	}
	programs, err := o.programs(arch)
	if err != nil {
		return descriptor{}, err
	}
	cfg := o.config(arch)
	m := manifest{SchemaVersion: 2, MediaType: mediaManifest, Annotations: o.annotations()}
	for _, files := range []fileSet{system, programs} {
		blob, diff, err := layer(files, o.created)
		if err != nil {
			return descriptor{}, err
		}
		m.Layers = append(m.Layers, l.add(mediaLayer, blob))
		cfg.RootFS.DiffIDs = append(cfg.RootFS.DiffIDs, diff)
	}
	m.Config = l.addJSON(mediaConfig, cfg)
	d := l.addJSON(mediaManifest, m)
	d.Platform = &platform{Architecture: arch, OS: "linux"}
	return d, nil
}

// config says how the image is run.
func (o *options) config(arch string) imageConfig {
	c := imageConfig{Architecture: arch, OS: "linux", Created: o.created.Format(time.RFC3339)}
	c.RootFS.Type = "layers"
	c.Config = runConfig{
		User:       fmt.Sprintf("%d:%d", nonroot, nonroot),
		Env:        []string{"PATH=/usr/bin", "SSL_CERT_FILE=/" + certificates, "HOME=/home/nonroot"},
		Entrypoint: o.variant.entrypoint,
		Cmd:        o.variant.command,
		WorkingDir: o.variant.workdir,
		StopSignal: "SIGTERM",
		Labels:     o.annotations(),
	}
	if !o.variant.single {
		c.Config.Volumes = map[string]struct{}{o.variant.workdir: {}}
	}
	c.History = []history{
		{c.Created, "certificates, users and libraries"},
		{c.Created, "programs"},
	}
	return c
}

// annotations are also the labels ("Annotations" in the OCI specification).
func (o *options) annotations() map[string]string {
	all := map[string]string{
		"org.opencontainers.image.title":       o.variant.title,
		"org.opencontainers.image.description": "Judges AWS CloudTrail logs by rules and turns matches into alerts.",
		"org.opencontainers.image.source":      "https://github.com/trailwarden/trailwarden",
		"org.opencontainers.image.licenses":    "Apache-2.0",
		"org.opencontainers.image.version":     o.version,
		"org.opencontainers.image.created":     o.created.Format(time.RFC3339),
	}
	if o.revision != "" {
		all["org.opencontainers.image.revision"] = o.revision
	}
	return all
}
