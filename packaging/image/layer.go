package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// file is one entry of a layer. A folder has the folder bit in its mode; a link
// has a target. Everything belongs to root but what owner says.
type file struct {
	data  []byte
	mode  int64
	link  string
	dir   bool
	owner int
}

// fileSet is a layer's entries by their names, without a leading slash.
type fileSet map[string]file

func (f file) header(name string, when time.Time) *tar.Header {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: f.mode, Size: int64(len(f.data)), ModTime: when, Uid: f.owner, Gid: f.owner}
	switch {
	case f.dir:
		h.Typeflag, h.Name = tar.TypeDir, name+"/"
	case f.link != "":
		h.Typeflag, h.Linkname = tar.TypeSymlink, f.link
	}
	return h
}

// put adds a file and the folders above it.
func (s fileSet) put(name string, f file) {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if _, there := s[dir]; !there {
			s[dir] = file{dir: true, mode: 0o755}
		}
	}
	s[name] = f
}

// layer compresses the files; diff is the digest of what is inside ("DiffID").
func layer(files fileSet, when time.Time) (blob []byte, diff string, err error) {
	var plain, packed bytes.Buffer
	if err := files.tar(&plain, when); err != nil {
		return nil, "", err
	}
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, "", err
	}
	if _, err := z.Write(plain.Bytes()); err != nil {
		return nil, "", err
	}
	if err := z.Close(); err != nil {
		return nil, "", err
	}
	return packed.Bytes(), digestOf(plain.Bytes()), nil
}

const certificates = "etc/ssl/certs/ca-certificates.crt"

// system is everything that is not ours: certificates, names of users, empty
// folders, and the libraries.
func (o *options) system(arch string) (fileSet, error) {
	files := fileSet{}
	certs, err := os.ReadFile(o.certs)
	if err != nil {
		return nil, fmt.Errorf("-certs: %w", err)
	}
	text := func(name, format string, args ...any) {
		files.put(name, file{data: fmt.Appendf(nil, format, args...), mode: 0o644})
	}
	files.put(certificates, file{data: certs, mode: 0o644})
	text("etc/passwd", "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:%d:%[1]d:nonroot:/home/nonroot:/sbin/nologin\n", nonroot)
	text("etc/group", "root:x:0:\nnonroot:x:%d:\n", nonroot)
	text("etc/nsswitch.conf", "hosts: files dns\n")
	files.put("tmp", file{dir: true, mode: 0o1777})
	files.put("home/nonroot", file{dir: true, mode: 0o700, owner: nonroot})
	files.put("etc/trailwarden", file{dir: true, mode: 0o755})
	files.put(strings.TrimPrefix(o.variant.workdir, "/"), o.workdir())
	for _, deb := range o.debs[arch] {
		if err := files.unpack(deb); err != nil {
			return nil, fmt.Errorf("%s: %w", deb, err)
		}
	}
	return files, nil
}

// workdir is where the store is written; Lambda's task folder is only read.
func (o *options) workdir() file {
	if o.variant.single {
		return file{dir: true, mode: 0o755}
	}
	return file{dir: true, mode: 0o700, owner: nonroot}
}

// unpack takes the libraries and the licence out of a Debian package. dpkg-deb
// reads it, because packages are compressed in several ways.
func (s fileSet) unpack(deb string) error {
	cmd := exec.Command("dpkg-deb", "--fsys-tarfile", deb)
	cmd.Stderr = os.Stderr
	data, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("dpkg-deb: %w", err)
	}
	for t := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := path.Clean(h.Name)
		if !wanted(name, h.Typeflag) {
			continue
		}
		content, err := io.ReadAll(t)
		if err != nil {
			return err
		}
		s.put(name, file{data: content, mode: h.Mode & 0o755, link: h.Linkname})
	}
}

// wanted tells a shared library, the loader or a licence from the rest. The
// character set converters are hundreds of files that nothing here calls.
func wanted(name string, kind byte) bool {
	if kind != tar.TypeReg && kind != tar.TypeSymlink || strings.Contains(name, "/gconv/") {
		return false
	}
	library := strings.HasPrefix(name, "lib") || strings.HasPrefix(name, "usr/lib/")
	return library && strings.Contains(path.Base(name), ".so") ||
		strings.HasPrefix(name, "usr/share/doc/") && path.Base(name) == "copyright"
}

// programs is everything that is ours.
func (o *options) programs(arch string) (fileSet, error) {
	files := fileSet{}
	for _, program := range o.variant.programs {
		for i, dir := range o.bins[arch] {
			data, err := os.ReadFile(filepath.Join(dir, program))
			if os.IsNotExist(err) && i < len(o.bins[arch])-1 {
				continue
			}
			if err != nil {
				return nil, err
			}
			if err := built(data, arch); err != nil {
				return nil, fmt.Errorf("%s: %w", filepath.Join(dir, program), err)
			}
			files.put(o.variant.folder+"/"+program, file{data: data, mode: 0o755})
			break
		}
	}
	for _, notice := range o.notices {
		data, err := os.ReadFile(notice)
		if err != nil {
			return nil, err
		}
		files.put("usr/share/doc/trailwarden/"+filepath.Base(notice), file{data: data, mode: 0o644})
	}
	return files, nil
}
