package lambda

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/source"
)

// Remote loads configuration and rules from where they are kept: the bundle of
// the function (a path), Amazon S3 (s3://bucket/key) or the Parameter Store
// (ssm:/name). What the configuration names beside it, rules above all, comes
// from the same place, except that a parameter's files are those of the bundle.
// It notices changes by version or ETag, and keeps what is in force until a new
// set has been read whole.
type Remote struct {
	Ref string
	// AWS speaks with S3 and the Parameter Store.
	AWS     aws.Config
	Options assemble.Options
	// Bundle is the folder of the function's own files.
	Bundle string
	// Temp is where copies are kept; empty means the system's.
	Temp string
	// Remark is told of invalid rules at the first load; it may be nil.
	Remark func(diagnostic.List)
	// LastGood keeps what was good for cold starts at which it is no longer; nil
	// keeps nothing. Trouble is told when it is made use of, or fails; it may be
	// nil.
	LastGood Keeper
	Trouble  func(error)

	version string
	own     atomic.Pointer[copying] // of what is in force; nil when that is not in S3
	folder  string                  // of the copy in force
	unkept  bool                    // LastGood did not take it yet
	loader  *assemble.Loader
}

// Bounds of what is fetched.
const (
	maxFiles = 5_000
	maxBytes = 64 << 20
)

// parameterFile is the name that a parameter's text gets.
const parameterFile = "trailwarden.yaml"

// Load reads everything anew if it changed; see Options.Load. At a cold start
// with a set that is broken or cannot be had, the last good one is put in force;
// where none was kept, what is sound of a set with invalid rules.
func (r *Remote) Load(ctx context.Context) (p *assemble.Parts, unchanged bool, err error) {
	if r.LastGood == nil || r.Ref == "" {
		return r.load(ctx, sound)
	}
	cold := r.loader == nil
	p, unchanged, err = r.inTime(ctx)
	if err != nil && !cold {
		return p, unchanged, err
	}
	if err == nil {
		if r.folder != "" && (!unchanged || r.unkept) {
			if e := r.keep(ctx); e != nil {
				r.trouble(fmt.Errorf("the configuration is not kept for cold starts: %w", e))
			}
		}
		return p, unchanged, nil
	}
	p, _, e := r.recall(ctx)
	if e == nil {
		r.trouble(fmt.Errorf("the configuration is refused and the last good one is in force: %w", err))
		return p, false, nil
	}
	if p, _, again := r.load(ctx, sound); again == nil {
		return p, false, nil
	}
	return nil, false, errors.Join(err, e)
}

// inTime is load in so much of the time that there is some for the last good set.
func (r *Remote) inTime(ctx context.Context) (*assemble.Parts, bool, error) {
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)*3/4)
		defer cancel()
	}
	return r.load(ctx, whole)
}

func (r *Remote) trouble(err error) {
	if r.Trouble != nil {
		r.Trouble(err)
	}
}

// How a first set with invalid rules is taken; a later one is always refused.
type leniency bool

const (
	whole leniency = false // it is refused
	sound leniency = true  // what is sound of it is put in force
)

func (r *Remote) load(ctx context.Context, l leniency) (p *assemble.Parts, unchanged bool, err error) {
	switch {
	case strings.HasPrefix(r.Ref, "s3://"):
		return r.fromS3(ctx, l)
	case strings.HasPrefix(r.Ref, "ssm:"):
		return r.fromSSM(ctx, l)
	}
	return r.fromBundle(ctx, l)
}

func (r *Remote) fromBundle(ctx context.Context, l leniency) (*assemble.Parts, bool, error) {
	if r.loader != nil && !r.loader.Changed() {
		return nil, true, nil
	}
	name := r.Ref
	if !filepath.IsAbs(name) {
		name = filepath.Join(r.Bundle, name)
	}
	return r.read(ctx, copied{file: name}, "", l)
}

// copied is a configuration file, and what else is to be known of it when it was
// copied from elsewhere.
type copied struct {
	file   string
	folder string // that paths in it lead from; empty means the file's own
	// Errors name origin where a path begins with copy, which may be gone; both
	// are empty when nothing was copied.
	copy, origin string
}

// read loads a configuration file; version is what it is known by from then on.
func (r *Remote) read(ctx context.Context, c copied, version string, how leniency) (*assemble.Parts, bool, error) {
	if r.Options.Shared == nil {
		r.Options.Shared = new(assemble.Shared)
	}
	l := assemble.NewLoader(c.file, r.Options, c.remark(r.Remark))
	l.Folder = c.folder
	if r.loader != nil || how == whole {
		l.Strict()
	}
	p, err := l.Load(ctx, &source.MemoryCursor{})
	if err != nil {
		return nil, false, c.named(err)
	}
	r.loader, r.version = l, version
	return p, false, nil
}

// fromSSM reads the configuration's text from a parameter.
func (r *Remote) fromSSM(ctx context.Context, l leniency) (*assemble.Parts, bool, error) {
	name := strings.TrimPrefix(r.Ref, "ssm:")
	out, err := ssm.NewFromConfig(r.AWS).GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	if err != nil {
		return nil, false, fmt.Errorf("parameter %s: %w", name, err)
	}
	// A parameter that was deleted and made anew counts from 1 again.
	version := fmt.Sprint(out.Parameter.Version, " ", aws.ToTime(out.Parameter.LastModifiedDate).UnixNano())
	if version == r.version {
		return nil, true, nil
	}
	dir, err := os.MkdirTemp(r.Temp, "trailwarden-")
	if err != nil {
		return nil, false, err
	}
	if err := os.WriteFile(filepath.Join(dir, parameterFile), []byte(aws.ToString(out.Parameter.Value)), 0o600); err != nil {
		return nil, false, errors.Join(err, os.RemoveAll(dir))
	}
	return r.replace(ctx, dir, r.parameter(dir), version, l)
}

// parameter is the file with a parameter's text, whose paths lead to the bundle.
func (r *Remote) parameter(dir string) copied {
	file := filepath.Join(dir, parameterFile)
	return copied{file: file, folder: r.Bundle, copy: file, origin: r.Ref}
}

// object is the copy of a configuration object.
func (r *Remote) object(dir string) copied {
	at := strings.LastIndexByte(r.Ref, '/') + 1
	return copied{file: filepath.Join(dir, r.Ref[at:]), copy: dir + string(filepath.Separator), origin: r.Ref[:at]}
}

// place names what paths in a text stand for.
func (c copied) place(text string) string {
	if c.copy == "" {
		return text
	}
	return strings.ReplaceAll(text, c.copy, c.origin)
}

// named is an error that names what was copied rather than a copy which is gone.
func (c copied) named(err error) error {
	if text := c.place(err.Error()); text != err.Error() {
		return placed{err, text}
	}
	return err
}

type placed struct {
	error
	text string
}

func (p placed) Error() string { return p.text }
func (p placed) Unwrap() error { return p.error }

// remark tells of rules by what was copied, too.
func (c copied) remark(to func(diagnostic.List)) func(diagnostic.List) {
	if to == nil || c.copy == "" {
		return to
	}
	return func(list diagnostic.List) {
		list = slices.Clone(list)
		for i := range list {
			list[i].File, list[i].Message = c.place(list[i].File), c.place(list[i].Message)
		}
		to(list)
	}
}

// replace puts a copy in force, or removes it when it is broken.
func (r *Remote) replace(ctx context.Context, dir string, c copied, version string, l leniency) (*assemble.Parts, bool, error) {
	p, same, err := r.read(ctx, c, version, l)
	if err != nil {
		return nil, false, errors.Join(err, os.RemoveAll(dir))
	}
	if r.folder != "" {
		_ = os.RemoveAll(r.folder) // a copy nobody reads any more
	}
	r.folder = dir
	return p, same, nil
}

// fromS3 reads the configuration object, and the objects that it names.
func (r *Remote) fromS3(ctx context.Context, l leniency) (*assemble.Parts, bool, error) {
	bucket, key, ok := strings.Cut(strings.TrimPrefix(r.Ref, "s3://"), "/")
	if !ok || key == "" || strings.HasSuffix(key, "/") {
		return nil, false, fmt.Errorf("configuration %q: want s3://bucket/key of a file", r.Ref)
	}
	dir, err := os.MkdirTemp(r.Temp, "trailwarden-")
	if err != nil {
		return nil, false, err
	}
	c := &copying{client: s3.NewFromConfig(r.AWS, func(o *s3.Options) { o.UsePathStyle = r.AWS.BaseEndpoint != nil }),
		bucket: bucket, prefix: strings.TrimSuffix(key, path.Base(key)), dir: dir}
	p, same, err := r.copyAll(ctx, c, key, l)
	if err != nil || same {
		return nil, same, errors.Join(err, os.RemoveAll(dir))
	}
	return p, false, nil
}

func (r *Remote) copyAll(ctx context.Context, c *copying, key string, l leniency) (*assemble.Parts, bool, error) {
	file, etag, err := c.get(ctx, key)
	if err != nil {
		return nil, false, err
	}
	c.etags = append(c.etags, key+" "+etag)
	cfg, err := config.Load(file)
	if err != nil {
		return nil, false, r.object(c.dir).named(err)
	}
	if err := c.beside(ctx, cfg); err != nil {
		return nil, false, fmt.Errorf("%s: %w", r.Ref, err)
	}
	slices.Sort(c.etags)
	version := strings.Join(c.etags, "\n")
	if version == r.version {
		return nil, true, nil
	}
	if err := c.fetch(ctx); err != nil {
		return nil, false, err
	}
	p, same, err := r.replace(ctx, c.dir, r.object(c.dir), version, l)
	if err == nil {
		c.paths = append(c.paths, key)
		r.own.Store(c)
	}
	return p, same, err
}

// Reads tells whether an object is the configuration in force, or belongs to what
// that names.
func (r *Remote) Reads(bucket, key string) bool {
	c := r.own.Load()
	return c != nil && bucket == c.bucket && slices.ContainsFunc(c.paths, func(path string) bool { return beneath(key, path) })
}

// copying copies objects of one prefix to a folder.
type copying struct {
	client      *s3.Client
	bucket      string
	prefix, dir string
	paths       []string // keys that the configuration names, or what they begin with
	etags       []string
	wanted      []string
	bytes       int64
}

// beside finds what the configuration names: its rules, and other files where
// they are not the function's own.
func (c *copying) beside(ctx context.Context, cfg *config.Config) error {
	for _, p := range cfg.Rules {
		if assemble.IsPack(p) {
			continue
		}
		key, ok := c.keyOf(p)
		if !ok {
			return fmt.Errorf("rules %q lie outside of the folder of the configuration", p)
		}
		if err := c.list(ctx, key); err != nil {
			return err
		}
	}
	for _, p := range cfg.Reads() {
		key, ok := c.keyOf(p)
		if !ok {
			continue // of a layer, or of the system
		}
		if err := c.list(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// keyOf is the key of the object that a path in the copy stands for.
func (c *copying) keyOf(p string) (string, bool) {
	rel, err := filepath.Rel(c.dir, p)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return c.prefix + filepath.ToSlash(rel), true
}

// get copies one object.
func (c *copying) get(ctx context.Context, key string) (file, etag string, err error) {
	rel := strings.TrimPrefix(key, c.prefix)
	if !filepath.IsLocal(filepath.FromSlash(rel)) {
		return "", "", fmt.Errorf("s3://%s/%s: its name leads out of the folder", c.bucket, key)
	}
	out, err := c.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &c.bucket, Key: &key})
	if err != nil {
		return "", "", fmt.Errorf("s3://%s/%s: %w", c.bucket, key, err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(io.LimitReader(out.Body, maxBytes-c.bytes+1))
	if err != nil {
		return "", "", fmt.Errorf("s3://%s/%s: %w", c.bucket, key, err)
	}
	if c.bytes += int64(len(body)); c.bytes > maxBytes {
		return "", "", fmt.Errorf("s3://%s/%s: configuration and rules are over %d bytes", c.bucket, c.prefix, maxBytes)
	}
	file = filepath.Join(c.dir, filepath.FromSlash(rel))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return "", "", err
	}
	return file, aws.ToString(out.ETag), os.WriteFile(file, body, 0o600)
}

// list finds the objects that a path of the configuration means: one, or all
// below it.
func (c *copying) list(ctx context.Context, key string) error {
	c.paths = append(c.paths, key)
	pages := s3.NewListObjectsV2Paginator(c.client, &s3.ListObjectsV2Input{Bucket: &c.bucket, Prefix: aws.String(strings.TrimSuffix(key, "/"))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("s3://%s/%s: %w", c.bucket, key, err)
		}
		for _, o := range page.Contents {
			name := aws.ToString(o.Key)
			if !beneath(name, key) || strings.HasSuffix(name, "/") {
				continue
			}
			c.etags = append(c.etags, name+" "+aws.ToString(o.ETag))
			if c.wanted = append(c.wanted, name); len(c.wanted) > maxFiles {
				return fmt.Errorf("s3://%s/%s: over %d rule files", c.bucket, key, maxFiles)
			}
		}
	}
	return nil
}

// beneath tells whether key is that of path, or lies below it.
func beneath(key, path string) bool {
	return key == path || strings.HasPrefix(key, strings.TrimSuffix(path, "/")+"/")
}

// fetch copies what was listed.
func (c *copying) fetch(ctx context.Context) error {
	for _, key := range c.wanted {
		if _, _, err := c.get(ctx, key); err != nil {
			return err
		}
	}
	return nil
}
