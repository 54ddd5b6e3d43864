// Command image writes container images as OCI layouts (OCI Image Format
// Specification 1.1) without a daemon, a base image or a registry: out of
// executables that are built already, the certificates of this machine and, for
// the SQL engine, the C and C++ libraries of Debian packages.
//
//	go run ./packaging/image -o trailwarden.oci.tar -bin amd64=dist/amd64 -bin arm64=dist/arm64
//	go run ./packaging/image -variant full -deb amd64=libc6.deb … -o trailwarden-full.oci.tar …
//	go run ./packaging/image -variant lambda -bin arm64=bin/lambda-arm64 -o lambda-arm64.oci.tar
//
// Nothing but what a program needs is inside: no shell, no package manager, no
// writable file except the folder of the store. The same input gives the same
// bytes.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	variant  variant
	version  string
	revision string
	created  time.Time
	certs    string
	notices  []string
	bins     archPaths
	debs     archPaths
	out      string
}

// archPaths are paths of each architecture: -bin arm64=DIR.
type archPaths map[string][]string

func (p archPaths) String() string { return "" }

func (p archPaths) Set(s string) error {
	arch, path, ok := strings.Cut(s, "=")
	if !ok || (arch != "amd64" && arch != "arm64") || path == "" {
		return fmt.Errorf("%q: want amd64=PATH or arm64=PATH", s)
	}
	p[arch] = append(p[arch], path)
	return nil
}

func run(args []string) error {
	o := options{bins: archPaths{}, debs: archPaths{}}
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	name := flags.String("variant", "minimal", "`what` the image is for: minimal (no SQL engine), full, or lambda")
	flags.StringVar(&o.version, "version", "development", "release, for the labels")
	flags.StringVar(&o.revision, "revision", "", "commit, for the labels")
	epoch := flags.Int64("created", 0, "`seconds` since 1970 that all files carry")
	flags.StringVar(&o.certs, "certs", "/etc/ssl/certs/ca-certificates.crt", "`file` with the certificate authorities to trust")
	flags.Var(o.bins, "bin", "`ARCH=DIR` of the executables; may be repeated")
	flags.Var(o.debs, "deb", "`ARCH=FILE` of a Debian package whose libraries the engine needs; may be repeated")
	flags.StringVar(&o.out, "o", "", "`file` to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	o.created, o.notices = time.Unix(*epoch, 0).UTC(), flags.Args()
	var err error
	if o.variant, err = variantNamed(*name); err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	return o.write()
}

func (o *options) check() error {
	switch {
	case o.out == "":
		return errors.New("-o FILE is missing")
	case len(o.bins) == 0:
		return errors.New("-bin ARCH=DIR is missing")
	case o.variant.single && len(o.bins) > 1:
		return errors.New("-variant lambda: Lambda takes no image index: write one file for each architecture")
	}
	for arch := range o.bins {
		if o.variant.libraries && len(o.debs[arch]) == 0 {
			return fmt.Errorf("the engine needs the C library: give -deb %s=FILE", arch)
		}
	}
	return nil
}

// write makes the image of every architecture and puts them in one archive.
func (o *options) write() error {
	l := newLayout()
	var images []descriptor
	for _, arch := range []string{"amd64", "arm64"} {
		if len(o.bins[arch]) == 0 {
			continue
		}
		image, err := o.image(l, arch)
		if err != nil {
			return fmt.Errorf("%s: %w", arch, err)
		}
		images = append(images, image)
	}
	return l.save(o.out, o.created, images, o.annotations())
}
