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
	folder  string // of the copy in force
	loader  *assemble.Loader
	lenient bool // what is sound of a first set is to be put in force
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
		return r.load(ctx)
	}
	cold := r.loader == nil
	p, unchanged, err = r.inTime(ctx)
	if unchanged || err != nil && !cold {
		return p, unchanged, err
	}
	if err == nil {
		if r.folder != "" {
			if e := r.keep(ctx); e != nil {
				r.trouble(fmt.Errorf("the configuration is not kept for cold starts: %w", e))
			}
		}
		return p, false, nil
	}
	p, _, e := r.recall(ctx)
	if e == nil {
		r.trouble(fmt.Errorf("the configuration is refused and the last good one is in force: %w", err))
		return p, false, nil
	}
	r.lenient = true
	defer func() { r.lenient = false }()
	if p, _, again := r.load(ctx); again == nil {
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
	return r.load(ctx)
}

func (r *Remote) trouble(err error) {
	if r.Trouble != nil {
		r.Trouble(err)
	}
}

func (r *Remote) load(ctx context.Context) (p *assemble.Parts, unchanged bool, err error) {
	switch {
	case strings.HasPrefix(r.Ref, "s3://"):
		return r.fromS3(ctx)
	case strings.HasPrefix(r.Ref, "ssm:"):
		return r.fromSSM(ctx)
	}
	return r.fromBundle(ctx)
}

func (r *Remote) fromBundle(ctx context.Context) (*assemble.Parts, bool, error) {
	if r.loader != nil && !r.loader.Changed() {
		return nil, true, nil
	}
	name := r.Ref
	if !filepath.IsAbs(name) {
		name = filepath.Join(r.Bundle, name)
	}
	return r.read(ctx, name, "")
}

// read loads the configuration file at path; version is what it is known by from
// then on.
func (r *Remote) read(ctx context.Context, path, version string) (*assemble.Parts, bool, error) {
	if r.Options.Shared == nil {
		r.Options.Shared = new(assemble.Shared)
	}
	l := assemble.NewLoader(path, r.Options, r.Remark)
	if r.loader != nil || r.LastGood != nil && !r.lenient {
		l.Strict()
	}
	p, err := l.Load(ctx, &source.MemoryCursor{})
	if err != nil {
		return nil, false, err
	}
	r.loader, r.version = l, version
	return p, false, nil
}

// fromSSM reads the configuration's text from a parameter.
func (r *Remote) fromSSM(ctx context.Context) (*assemble.Parts, bool, error) {
	name := strings.TrimPrefix(r.Ref, "ssm:")
	out, err := ssm.NewFromConfig(r.AWS).GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	if err != nil {
		return nil, false, fmt.Errorf("parameter %s: %w", name, err)
	}
	version := fmt.Sprint(out.Parameter.Version)
	if version == r.version {
		return nil, true, nil
	}
	// The file stands in the bundle by name, so that paths in it lead there.
	dir, err := os.MkdirTemp(r.Temp, "trailwarden-")
	if err != nil {
		return nil, false, err
	}
	if err := os.CopyFS(dir, os.DirFS(r.Bundle)); err != nil && r.Bundle != "" {
		return nil, false, err
	}
	file := filepath.Join(dir, parameterFile)
	if err := os.WriteFile(file, []byte(aws.ToString(out.Parameter.Value)), 0o600); err != nil {
		return nil, false, err
	}
	return r.replace(ctx, dir, file, version)
}

// replace puts a copy in force, or removes it when it is broken.
func (r *Remote) replace(ctx context.Context, dir, file, version string) (*assemble.Parts, bool, error) {
	p, same, err := r.read(ctx, file, version)
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
func (r *Remote) fromS3(ctx context.Context) (*assemble.Parts, bool, error) {
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
	p, same, err := r.copyAll(ctx, c, key)
	if err != nil || same {
		return nil, same, errors.Join(err, os.RemoveAll(dir))
	}
	return p, false, nil
}

func (r *Remote) copyAll(ctx context.Context, c *copying, key string) (*assemble.Parts, bool, error) {
	file, etag, err := c.get(ctx, key)
	if err != nil {
		return nil, false, err
	}
	c.etags = append(c.etags, key+" "+etag)
	cfg, err := config.Load(file)
	if err != nil {
		return nil, false, err
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
	return r.replace(ctx, c.dir, file, version)
}

// copying copies objects of one prefix to a folder.
type copying struct {
	client      *s3.Client
	bucket      string
	prefix, dir string
	etags       []string
	wanted      []string
	bytes       int64
}

// beside finds what the configuration names: its rules, and other files where
// they are not the function's own.
func (c *copying) beside(ctx context.Context, cfg *config.Config) error {
	for _, p := range cfg.Rules {
		if assemble.IsStarter(p) {
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
	pages := s3.NewListObjectsV2Paginator(c.client, &s3.ListObjectsV2Input{Bucket: &c.bucket, Prefix: aws.String(strings.TrimSuffix(key, "/"))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("s3://%s/%s: %w", c.bucket, key, err)
		}
		for _, o := range page.Contents {
			name := aws.ToString(o.Key)
			if name != key && !strings.HasPrefix(name, strings.TrimSuffix(key, "/")+"/") || strings.HasSuffix(name, "/") {
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

// fetch copies what was listed.
func (c *copying) fetch(ctx context.Context) error {
	for _, key := range c.wanted {
		if _, _, err := c.get(ctx, key); err != nil {
			return err
		}
	}
	return nil
}
