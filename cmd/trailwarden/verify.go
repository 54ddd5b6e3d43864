package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/trailwarden/trailwarden/cloudtrail/digest"
	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/verify"
)

// verifyCommand checks the integrity of log files.
type verifyCommand struct {
	Place string `arg:"" name:"place" help:"s3://BUCKET[/PREFIX], or the folder of a copy of it."`

	From    string `placeholder:"TIME" help:"Digests that ended at or after TIME: 2026-03-14T09:00:00Z, 2026-03-14, or an age such as 24h or 7d. Default: 7d for a bucket, everything for a folder."`
	To      string `placeholder:"TIME" help:"Digests that ended before TIME or in the hour after it. Default: now."`
	Account string `placeholder:"ID" help:"Only this account. Without it, every account of the bucket."`
	Region  string `placeholder:"REGION" help:"Only this region's events. Without it, every region."`
	Trail   string `placeholder:"NAME" help:"Only this trail."`
	Bucket  string `placeholder:"NAME" help:"For a folder: the bucket that it is a copy of. Without it, the bucket that the digests name."`

	Keys       string `placeholder:"FILE" type:"path" help:"Public keys, as --export writes them. Default: trailwarden-keys.json of a folder; CloudTrail's ListPublicKeys for a bucket."`
	Signatures string `placeholder:"FILE" type:"path" help:"Metadata of the digests of a folder. Default: its trailwarden-signatures.json, if it is there."`
	Export     string `placeholder:"DIR" type:"path" help:"Copy the digests, their metadata and the public keys to DIR instead of validating."`
	ExportLogs bool   `help:"With --export, copy the log files too."`

	Format     string `short:"f" default:"table" enum:"table,json,ndjson" help:"table, json or ndjson."`
	All        bool   `help:"Report valid files too."`
	Places     int    `default:"8" placeholder:"N" help:"Accounts and regions of a bucket validated at once; a folder is read one after the other."`
	NoProgress bool   `help:"No progress line."`
}

// Help explains what is checked and the exit codes.
func (verifyCommand) Help() string {
	return `Checks the chain of signed digest files and the hash of every log file that they name, as aws cloudtrail validate-logs does, for all accounts, regions and trails of the bucket in one pass. Beyond that it finds log files that no digest names, digests that are not the ones that their successor names, and data behind or missing from the end of a file.

A log file that no digest names is not always somebody's work: it also comes of a second trail without validation that delivers to the same place.

Exit codes: 0 everything is valid; 1 something is invalid; 2 bad usage; 3 something could not be verified and nothing is invalid; 130 interrupted.`
}

// Run validates or exports; its error is the exit code.
func (c *verifyCommand) Run(s *streams) error {
	ctx, stop := interruptible()
	defer stop()
	j := &verifyJob{streams: s, cmd: c}
	if err := j.open(ctx, time.Now()); err != nil {
		return err
	}
	defer j.close()
	err := j.run(ctx)
	if ctx.Err() != nil {
		return exit{exitInterrupted}
	}
	return err
}

// verifyJob is one validation or export, made ready.
type verifyJob struct {
	*streams
	cmd   *verifyCommand
	vault digest.Vault
	keys  digest.Keys
	asked *verify.Keys // the same, when they are CloudTrail's
	scope digest.Scope
	local bool
	close func()
}

// open checks everything that the user gave.
func (j *verifyJob) open(ctx context.Context, now time.Time) (err error) {
	c := j.cmd
	if c.Places < 1 {
		return fmt.Errorf("--places %d: want a number from 1", c.Places)
	}
	if c.ExportLogs && c.Export == "" {
		return errors.New("--export-logs goes with --export")
	}
	j.close = func() {}
	j.scope = digest.Scope{Account: c.Account, Region: c.Region, Trail: c.Trail}
	place, bucket := strings.CutPrefix(c.Place, "s3://")
	if j.local = !bucket; bucket {
		err = j.openBucket(ctx, place)
	} else {
		err = j.openFolder(c.Place)
	}
	if err != nil {
		return err
	}
	return j.times(now)
}

func (j *verifyJob) times(now time.Time) (err error) {
	from := j.cmd.From
	if from == "" && !j.local {
		from = "7d"
	}
	if j.scope.From, err = instant("--from", from, now); err != nil {
		return err
	}
	if j.scope.To, err = instant("--to", j.cmd.To, now); err != nil {
		return err
	}
	if j.scope.To.IsZero() {
		j.scope.To = now
	}
	j.scope.From, j.scope.To = j.scope.From.UTC(), j.scope.To.UTC()
	if !j.scope.From.Before(j.scope.To) {
		return fmt.Errorf("--from %s is not before --to %s", instantText(j.scope.From), instantText(j.scope.To))
	}
	return nil
}

func instantText(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (j *verifyJob) openBucket(ctx context.Context, place string) error {
	c := j.cmd
	if c.Signatures != "" || c.Bucket != "" {
		return errors.New("--signatures and --bucket are for a folder; a bucket keeps them itself")
	}
	bucket, prefix, _ := strings.Cut(place, "/")
	if i := strings.Index("/"+prefix, "/AWSLogs"); i >= 0 {
		prefix = prefix[:max(i-1, 0)] // somebody pasted a longer path
	}
	if bucket == "" {
		return fmt.Errorf("%s names no bucket; want s3://BUCKET[/PREFIX]", c.Place)
	}
	j.scope.Bucket, j.scope.Prefix = bucket, strings.Trim(prefix, "/")
	cfg, err := awsx.Load(ctx, awsx.Settings{Version: versionName(), Attempts: 6})
	if err != nil {
		return err
	}
	return j.useAWS(cfg)
}

func (j *verifyJob) useAWS(cfg aws.Config) (err error) {
	j.vault, j.asked = verify.NewBucket(cfg), verify.NewKeys(cfg)
	j.keys = j.asked
	if j.cmd.Keys != "" {
		j.keys, err = digest.ReadKeys(j.cmd.Keys)
	}
	return err
}

func (j *verifyJob) openFolder(dir string) error {
	c := j.cmd
	if c.Export != "" {
		return errors.New("--export copies from a bucket: give s3://BUCKET[/PREFIX]")
	}
	prefix, err := findLogs(dir)
	if err != nil {
		return err
	}
	j.scope.Bucket, j.scope.Prefix = c.Bucket, prefix
	name := c.Keys
	if name == "" {
		name = filepath.Join(dir, digest.KeysFile)
	}
	if j.keys, err = digest.ReadKeys(name); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("no public keys: there is no %s; make it with trailwarden verify s3://BUCKET --export DIR, or name one with --keys", name)
		}
		return err
	}
	folder, err := digest.OpenFolder(dir, c.Signatures)
	if err != nil {
		return err
	}
	j.vault, j.close = folder, func() { _ = folder.Close() }
	return nil
}

// maxPrefix is how deep AWSLogs is looked for.
const maxPrefix = 8

// findLogs finds the prefix at which AWSLogs stands, going down where there is
// one way only.
func findLogs(dir string) (prefix string, err error) {
	for range maxPrefix {
		at := filepath.Join(dir, filepath.FromSlash(prefix))
		if info, err := os.Stat(filepath.Join(at, "AWSLogs")); err == nil && info.IsDir() {
			return prefix, nil
		}
		entries, err := os.ReadDir(at)
		if err != nil {
			return "", err
		}
		var below []string
		for _, e := range entries {
			if e.IsDir() {
				below = append(below, e.Name())
			}
		}
		if len(below) != 1 {
			break
		}
		prefix = path.Join(prefix, below[0])
	}
	return "", fmt.Errorf("%s holds no folder AWSLogs; want a copy that keeps the bucket's layout", dir)
}

func (j *verifyJob) run(ctx context.Context) error {
	if j.cmd.Export != "" {
		return j.export(ctx)
	}
	v := digest.Validator{Vault: j.vault, Keys: j.keys, Places: j.cmd.Places}
	if j.local {
		v.Places = 1 // the same order each time
	}
	out := newVerifyOutput(j)
	v.Results = out.result
	summary, failed := v.Validate(ctx, j.scope)
	out.stop()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if summary == nil {
		return failed
	}
	if err := out.finish(summary, failed); err != nil {
		return err
	}
	switch {
	case summary.Invalid() > 0:
		return exit{exitFinding}
	case failed != nil || summary.Unverified() > 0:
		return exit{exitFault}
	case summary.Chains == 0:
		j.say(noDigests)
		return exit{exitFault}
	}
	return nil
}

// noDigests is no good news: whoever asks whether files are sound has no answer.
const noDigests = "no digests were found, so nothing was verified: is log file validation on, and are the prefix, the account, the region and the times right?"

func (j *verifyJob) export(ctx context.Context) error {
	n, err := verify.Export{Vault: j.vault, Keys: j.asked.List, Dir: j.cmd.Export, Logs: j.cmd.ExportLogs}.Run(ctx, j.scope)
	if err != nil {
		j.say("%v", err)
		return exit{exitFault}
	}
	j.say("copied %s, %s (%d bytes) and %s to %s", counted(n.Digests, "digest"), counted(n.Logs, "log file"), n.Bytes, counted(n.Keys, "public key"), j.cmd.Export)
	if n.Digests == 0 {
		j.say(noDigests)
		return exit{exitFault}
	}
	return nil
}
