package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/trailwarden/trailwarden/internal/needs"
)

// program is a program of one line for each architecture, built once.
var program = sync.OnceValues(func() (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "image")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	source, out := filepath.Join(dir, "main.go"), map[string][]byte{}
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o644); err != nil {
		return nil, err
	}
	for _, arch := range []string{"amd64", "arm64"} {
		cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(dir, arch), source)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
		if text, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w\n%s", err, text)
		}
		if out[arch], err = os.ReadFile(filepath.Join(dir, arch)); err != nil {
			return nil, err
		}
	}
	return out, nil
})

// programs is a folder with such programs under every name that an image may
// want, a certificate and a licence.
func programs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	built, err := program()
	if err != nil {
		t.Fatal(err)
	}
	for arch, data := range built {
		if err := os.Mkdir(filepath.Join(dir, arch), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"trailwarden", "trailwarden-engine", "bootstrap"} {
			write(t, filepath.Join(dir, arch, name), string(data)+name)
		}
	}
	write(t, filepath.Join(dir, "certs.pem"), "-----BEGIN CERTIFICATE-----\n")
	write(t, filepath.Join(dir, "LICENSE"), "Apache\n")
	return dir
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// archive is an image that was read back.
type archive struct {
	t     *testing.T
	files map[string][]byte
}

func open(t *testing.T, name string) *archive {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	a := &archive{t, map[string][]byte{}}
	for _, e := range entries(t, f) {
		a.files[e.Name] = e.data
	}
	if string(a.files["oci-layout"]) != `{"imageLayoutVersion":"1.0.0"}` {
		t.Errorf("oci-layout is %q", a.files["oci-layout"])
	}
	return a
}

type entry struct {
	*tar.Header
	data []byte
}

func entries(t *testing.T, r io.Reader) (out []entry) {
	t.Helper()
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, entry{h, data})
	}
}

// blob reads what a descriptor points at, and holds it to its digest and size.
func (a *archive) blob(d descriptor) []byte {
	a.t.Helper()
	b := a.files["blobs/sha256/"+strings.TrimPrefix(d.Digest, "sha256:")]
	if digestOf(b) != d.Digest || int64(len(b)) != d.Size {
		a.t.Fatalf("%s: %d bytes of %s; want %d", d.Digest, len(b), digestOf(b), d.Size)
	}
	return b
}

func decode[T any](a *archive, b []byte) (v T) {
	a.t.Helper()
	if err := json.Unmarshal(b, &v); err != nil {
		a.t.Fatal(err)
	}
	return v
}

// top is the one thing that index.json names.
func (a *archive) top() descriptor {
	a.t.Helper()
	all := decode[index](a, a.files["index.json"]).Manifests
	if len(all) != 1 {
		a.t.Fatalf("index.json names %d manifests; want 1", len(all))
	}
	return all[0]
}

// tree reads an image's configuration and all its files; a layer's digest is
// that of its content.
func (a *archive) tree(d descriptor) (imageConfig, map[string]entry) {
	a.t.Helper()
	m := decode[manifest](a, a.blob(d))
	cfg := decode[imageConfig](a, a.blob(m.Config))
	files := map[string]entry{}
	for i, l := range m.Layers {
		z, err := gzip.NewReader(bytes.NewReader(a.blob(l)))
		if err != nil {
			a.t.Fatal(err)
		}
		plain, err := io.ReadAll(z)
		if err != nil {
			a.t.Fatal(err)
		}
		if cfg.RootFS.DiffIDs[i] != digestOf(plain) {
			a.t.Errorf("layer %d: diff id %s; want %s", i, cfg.RootFS.DiffIDs[i], digestOf(plain))
		}
		for _, e := range entries(a.t, bytes.NewReader(plain)) {
			files[strings.TrimSuffix(e.Name, "/")] = e
		}
	}
	return cfg, files
}

// TestMinimalImage reads the image of both architectures back.
func TestMinimalImage(t *testing.T) {
	dir := programs(t)
	out := filepath.Join(dir, "image.tar")
	args := []string{"-o", out, "-version", "1.2.3", "-revision", "abc", "-created", "1773446400", "-certs", dir + "/certs.pem",
		"-bin", "amd64=" + dir + "/amd64", "-bin", "arm64=" + dir + "/arm64", dir + "/LICENSE"}
	if err := run(args); err != nil {
		t.Fatal(err)
	}
	a := open(t, out)
	top := a.top()
	if top.MediaType != mediaIndex || top.Annotations["org.opencontainers.image.ref.name"] != "1.2.3" {
		t.Errorf("%+v", top)
	}
	var arches []string
	for _, d := range decode[index](a, a.blob(top)).Manifests {
		arches = append(arches, d.Platform.OS+"/"+d.Platform.Architecture)
		cfg, files := a.tree(d)
		checkConfig(t, cfg, d.Platform.Architecture)
		checkTree(t, files)
		want, err := os.ReadFile(filepath.Join(dir, d.Platform.Architecture, "trailwarden"))
		if err != nil || !bytes.Equal(files["usr/bin/trailwarden"].data, want) {
			t.Errorf("%s: the program is another one (%v)", d.Platform.Architecture, err)
		}
		if _, there := files["usr/bin/trailwarden-engine"]; there {
			t.Error("the minimal image has the engine")
		}
	}
	if !slices.Equal(arches, []string{"linux/amd64", "linux/arm64"}) {
		t.Errorf("architectures %v", arches)
	}
}

func checkConfig(t *testing.T, cfg imageConfig, arch string) {
	t.Helper()
	c := cfg.Config
	if c.User != "65532:65532" || !slices.Equal(c.Entrypoint, []string{"/usr/bin/trailwarden"}) || cfg.Architecture != arch || cfg.OS != "linux" ||
		c.StopSignal != "SIGTERM" || c.Labels["org.opencontainers.image.version"] != "1.2.3" || c.Labels["org.opencontainers.image.revision"] != "abc" ||
		!slices.Contains(c.Env, "SSL_CERT_FILE=/"+certificates) || len(c.Volumes) != 1 {
		t.Errorf("%+v", cfg)
	}
}

// checkTree looks for what must not be in an image: a shell, a program of
// another, set-user-id bits, anything that the program's user may write outside
// its folders, a time that differs from build to build.
func checkTree(t *testing.T, files map[string]entry) {
	t.Helper()
	for name, e := range files {
		own := strings.HasPrefix(name, "usr/bin/trailwarden") || name == "var/runtime/bootstrap"
		if e.Typeflag == tar.TypeReg && e.Mode&0o111 != 0 && !own && !strings.Contains(path.Base(name), ".so") {
			t.Errorf("%s is a program", name)
		}
		if e.Mode&0o6000 != 0 || e.Typeflag == tar.TypeReg && e.Mode&0o022 != 0 {
			t.Errorf("%s has mode %o", name, e.Mode)
		}
		if (e.Uid != 0 || e.Mode&0o002 != 0) && !slices.Contains([]string{"home/nonroot", "var/lib/trailwarden", "tmp"}, name) {
			t.Errorf("%s may be written by %d", name, e.Uid)
		}
		if e.ModTime.Unix() != 1773446400 {
			t.Errorf("%s is of %v", name, e.ModTime)
		}
		if dir := path.Dir(name); dir != "." && files[dir].Header == nil {
			t.Errorf("%s has no folder in its layers", name)
		}
	}
	for _, name := range []string{certificates, "etc/passwd", "usr/share/doc/trailwarden/LICENSE"} {
		if len(files[name].data) == 0 {
			t.Errorf("%s is missing", name)
		}
	}
}

// TestSameInputSameBytes builds twice.
func TestSameInputSameBytes(t *testing.T) {
	dir := programs(t)
	var sums []string
	for _, name := range []string{"one.tar", "two.tar"} {
		if err := run([]string{"-o", filepath.Join(dir, name), "-certs", dir + "/certs.pem", "-bin", "arm64=" + dir + "/arm64", "-bin", "amd64=" + dir + "/amd64"}); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, digestOf(data))
	}
	if sums[0] != sums[1] {
		t.Errorf("%s, then %s", sums[0], sums[1])
	}
}

// TestLambdaImage: one manifest of one architecture, for Lambda takes no index;
// the bootstrap where Lambda's own images have it, readable by any user.
func TestLambdaImage(t *testing.T) {
	dir := programs(t)
	out := filepath.Join(dir, "lambda.tar")
	if err := run([]string{"-variant", "lambda", "-o", out, "-created", "1773446400", "-certs", dir + "/certs.pem", "-bin", "arm64=" + dir + "/arm64", dir + "/LICENSE"}); err != nil {
		t.Fatal(err)
	}
	a := open(t, out)
	if a.top().MediaType != mediaManifest {
		t.Fatalf("index.json points at %s", a.top().MediaType)
	}
	cfg, files := a.tree(a.top())
	checkTree(t, files)
	if !slices.Equal(cfg.Config.Entrypoint, []string{"/var/runtime/bootstrap"}) || cfg.Config.WorkingDir != "/var/task" || cfg.Architecture != "arm64" {
		t.Errorf("%+v", cfg)
	}
	if f := files["var/runtime/bootstrap"]; f.Header == nil || f.Mode != 0o755 {
		t.Errorf("%+v", f.Header)
	}
}

// TestFullImage puts the libraries of a Debian package beside the engine, and
// leaves the rest of the package out.
func TestFullImage(t *testing.T) {
	needs.Program(t, "dpkg-deb")
	dir := programs(t)
	deb := debianPackage(t, map[string]string{
		"lib/x86_64-linux-gnu/libc.so.6": "", "usr/lib/x86_64-linux-gnu/gconv/X.so": "", "usr/bin/sh": "", "usr/share/doc/libc6/copyright": "LGPL", "usr/share/man/x": "",
	})
	out := filepath.Join(dir, "full.tar")
	args := []string{"-variant", "full", "-o", out, "-version", "1.2.3", "-created", "1773446400", "-certs", dir + "/certs.pem", "-bin", "amd64=" + dir + "/amd64"}
	if err := run(append(args, dir+"/LICENSE")); err == nil || !strings.Contains(err.Error(), "-deb amd64=FILE") {
		t.Errorf("without libraries: %v", err)
	}
	if err := run(append(args, "-deb", "amd64="+deb, dir+"/LICENSE")); err != nil {
		t.Fatal(err)
	}
	a := open(t, out)
	_, files := a.tree(a.top())
	checkTree(t, files)
	for _, name := range []string{"usr/bin/trailwarden", "usr/bin/trailwarden-engine", "lib/x86_64-linux-gnu/libc.so.6", "usr/share/doc/libc6/copyright"} {
		if files[name].Header == nil {
			t.Errorf("%s is missing", name)
		}
	}
	for name := range files {
		if strings.Contains(name, "gconv/") || name == "usr/bin/sh" || strings.Contains(name, "/man") {
			t.Errorf("%s is in the image", name)
		}
	}
}

func debianPackage(t *testing.T, files map[string]string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "pkg")
	files["DEBIAN/control"] = "Package: libc6\nVersion: 1\nArchitecture: amd64\nMaintainer: Somebody <somebody@example.com>\nDescription: test\n"
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(root, name), text)
	}
	if out, err := exec.Command("dpkg-deb", "--build", root).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return root + ".deb"
}

// TestBadOrders names what is wrong with the arguments.
func TestBadOrders(t *testing.T) {
	dir := programs(t)
	bin, certs := []string{"-bin", "amd64=" + dir + "/amd64"}, []string{"-certs", dir + "/certs.pem", "-o", filepath.Join(dir, "x.tar")}
	for _, c := range []struct {
		name, want string
		args       []string
	}{
		{"no output", "-o FILE is missing", bin},
		{"no programs", "-bin ARCH=DIR is missing", certs},
		{"unknown variant", "want minimal, full or lambda", append([]string{"-variant", "tiny"}, bin...)},
		{"unknown architecture", "want amd64=PATH or arm64=PATH", []string{"-bin", "mips=x"}},
		{"the wrong architecture", "built for EM_AARCH64; want EM_X86_64", append([]string{"-bin", "amd64=" + dir + "/arm64"}, certs...)},
		{"two architectures for Lambda", "takes no image index", append(append([]string{"-variant", "lambda", "-bin", "arm64=" + dir + "/arm64"}, bin...), certs...)},
		{"no certificates", "-certs:", append([]string{"-o", filepath.Join(dir, "x.tar"), "-certs", dir + "/none.pem"}, bin...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := run(c.args); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want %q", err, c.want)
			}
		})
	}
}
