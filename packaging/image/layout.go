package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"slices"
	"time"
)

// Media types of the OCI Image Format Specification 1.1.
const (
	mediaIndex    = "application/vnd.oci.image.index.v1+json"
	mediaManifest = "application/vnd.oci.image.manifest.v1+json"
	mediaConfig   = "application/vnd.oci.image.config.v1+json"
	mediaLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// The documents of the specification, as far as we fill them in.
type (
	descriptor struct {
		MediaType   string            `json:"mediaType"`
		Digest      string            `json:"digest"`
		Size        int64             `json:"size"`
		Platform    *platform         `json:"platform,omitempty"`
		Annotations map[string]string `json:"annotations,omitempty"`
	}
	platform struct {
		Architecture string `json:"architecture"`
		OS           string `json:"os"`
	}
	manifest struct {
		SchemaVersion int               `json:"schemaVersion"`
		MediaType     string            `json:"mediaType"`
		Config        descriptor        `json:"config"`
		Layers        []descriptor      `json:"layers"`
		Annotations   map[string]string `json:"annotations,omitempty"`
	}
	index struct {
		SchemaVersion int               `json:"schemaVersion"`
		MediaType     string            `json:"mediaType"`
		Manifests     []descriptor      `json:"manifests"`
		Annotations   map[string]string `json:"annotations,omitempty"`
	}
	imageConfig struct {
		Created      string    `json:"created"`
		Architecture string    `json:"architecture"`
		OS           string    `json:"os"`
		Config       runConfig `json:"config"`
		RootFS       struct {
			Type    string   `json:"type"`
			DiffIDs []string `json:"diff_ids"`
		} `json:"rootfs"`
		History []history `json:"history"`
	}
	runConfig struct {
		User       string
		Env        []string
		Entrypoint []string
		Cmd        []string
		Volumes    map[string]struct{} `json:",omitempty"`
		WorkingDir string
		Labels     map[string]string
		StopSignal string
	}
	history struct {
		Created   string `json:"created"`
		CreatedBy string `json:"created_by"`
	}
)

// layout is an image layout in memory: blobs by digest.
type layout struct{ blobs map[string][]byte }

func newLayout() *layout { return &layout{map[string][]byte{}} }

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// add keeps a blob and says how to refer to it.
func (l *layout) add(media string, b []byte) descriptor {
	d := digestOf(b)
	l.blobs[d] = b
	return descriptor{MediaType: media, Digest: d, Size: int64(len(b))}
}

// addJSON keeps a document; the types above always encode.
func (l *layout) addJSON(media string, v any) descriptor {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return l.add(media, b)
}

// save writes the archive. One image stands alone; several stand in an index
// from which a client takes its own.
func (l *layout) save(path string, when time.Time, images []descriptor, annotations map[string]string) error {
	top := images[0]
	if len(images) > 1 {
		top = l.addJSON(mediaIndex, index{2, mediaIndex, images, annotations})
	}
	top.Annotations = map[string]string{"org.opencontainers.image.ref.name": annotations["org.opencontainers.image.version"]}
	entry, err := json.Marshal(index{2, mediaIndex, []descriptor{top}, nil})
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	err = l.archive(f, when, entry)
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// archive writes the files of the layout, always in the same order.
func (l *layout) archive(w io.Writer, when time.Time, entry []byte) error {
	files := fileSet{
		"oci-layout": {data: []byte(`{"imageLayoutVersion":"1.0.0"}`), mode: 0o644},
		"index.json": {data: entry, mode: 0o644},
	}
	for digest, b := range l.blobs {
		files["blobs/sha256/"+digest[len("sha256:"):]] = file{data: b, mode: 0o644}
	}
	return files.tar(w, when)
}

// tar writes the files in the order of their names, folders before what is in
// them, all with one time.
func (s fileSet) tar(w io.Writer, when time.Time) error {
	t := tar.NewWriter(w)
	for _, name := range s.names() {
		if err := t.WriteHeader(s[name].header(name, when)); err != nil {
			return err
		}
		if _, err := io.Copy(t, bytes.NewReader(s[name].data)); err != nil {
			return err
		}
	}
	return t.Close()
}

func (s fileSet) names() []string {
	names := make([]string, 0, len(s))
	for name := range s {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
