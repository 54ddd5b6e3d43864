package policy

import (
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/infra/value"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// prefix is what a resource ARN says of where CloudTrail may write: the owner
// in BUCKET/…/AWSLogs/OWNER/…
var prefix = re2.Own(`/AWSLogs/([^/]+)/`)

// trailARN is an ARN of a trail: its account.
var trailARN = re2.Own(`^arn:(?:\$\{[^}]*\}|[^:$])*:cloudtrail:(?:\$\{[^}]*\}|[^:$])*:((?:\$\{[^}]*\}|[^:$])*):trail/`)

var (
	accountID    = re2.Own(`^[0-9]{12}$`)
	organization = re2.Own(`^o-[a-z0-9]{10,32}$`)
)

// place is one trail ARN of a condition, or one written-to prefix.
type place struct {
	owner string
	at    *value.Value
	s     Statement
}

// delivery looks at what a bucket's policy says of CloudTrail's delivery
// (CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail" and "Creating
// a trail for an organization"): an organization trail belongs to the management
// account, and delivers below its id and below the organization's.
func (l *list) delivery(p *Policy) {
	var sources, accounts, organizations []place
	wide, writes := false, false
	for _, s := range p.Statements {
		if !s.Allow || !s.Service("cloudtrail.amazonaws.com") {
			continue
		}
		for _, v := range s.Condition("aws:SourceArn") {
			if m := trailARN.FindStringSubmatch(v.String()); m != nil {
				sources = append(sources, place{m[1], v, s})
			}
		}
		if !s.Does("s3:PutObject") {
			continue
		}
		writes = true
		for _, r := range s.Resources {
			switch m := prefix.FindStringSubmatch(r.String()); {
			case m == nil:
				wide = wide || strings.HasSuffix(r.String(), "*") || !r.Known()
			case strings.Contains(m[1], "*"):
				wide = true
			case isOrganization(m[1]):
				organizations = append(organizations, place{m[1], r, s})
			default:
				accounts = append(accounts, place{m[1], r, s})
			}
		}
	}
	if l.c.Organization && writes && len(organizations) == 0 && !wide {
		at := p.root
		if len(accounts) > 0 {
			at = accounts[0].at
		}
		l.add(CodeNoOrganization, diagnostic.Error, at, "", "an organization trail delivers here, and the policy lets it write for single accounts only",
			"CloudTrail delivers the members' logs below AWSLogs/ORGANIZATION-ID/ and is refused.", `"Resource": "arn:aws:s3:::BUCKET/AWSLogs/o-…/*" in a statement of its own`)
	}
	if len(organizations) > 0 || l.c.Organization {
		l.owners(sources, accounts)
	}
}

// owners holds the accounts that an organization trail's policy names to the
// management account.
func (l *list) owners(sources, accounts []place) {
	for _, x := range sources {
		switch l.judge(x.owner) {
		case wrong:
			l.add(CodeSourceAccount, diagnostic.Error, x.at, x.s.Pointer,
				fmt.Sprintf("aws:SourceArn names the trail in account %s: %s", x.owner, l.whose(x.owner)),
				"An organization trail belongs to the management account; the condition never holds, and CloudTrail's delivery is refused.",
				strings.Replace(x.at.String(), ":"+x.owner+":", ":"+l.management()+":", 1))
		case unknown:
			l.add(CodeSourceUnknown, diagnostic.Note, x.at, x.s.Pointer,
				fmt.Sprintf("whether %s is the management account is not known here", x.owner),
				"The trail's ARN must be that of the management account; doctor compares it with the trail.", "")
		}
	}
	for _, x := range accounts {
		if l.judge(x.owner) == wrong {
			l.add(CodeAccountPrefix, diagnostic.Error, x.at, x.s.Pointer,
				fmt.Sprintf("the trail's own account delivers below AWSLogs/%s/: %s", x.owner, l.whose(x.owner)),
				"The management account's own logs are refused.", strings.Replace(x.at.String(), "/AWSLogs/"+x.owner+"/", "/AWSLogs/"+l.management()+"/", 1))
		}
	}
}

type verdict uint8

const (
	right verdict = iota
	wrong
	unknown
)

// judge tells whether an account, or what stands for one, is the management
// account.
func (l *list) judge(owner string) verdict {
	low := strings.ToLower(owner)
	switch {
	case owner == "" || owner == "*":
		return right // any account: another rule's concern
	case l.c.ManagementAccount != "":
		if owner == l.c.ManagementAccount {
			return right
		}
		if accountID.MatchString(owner) {
			return wrong
		}
		return unknown
	case l.c.Account != "" && owner == l.c.Account && !l.c.Management, names(low, "security", "audit", "log_archive", "log-archive", "logarchive", "logging"):
		return wrong
	case own(low) && !l.c.Management:
		return wrong
	case names(low, "management", "master", "payer", "root", "trail") || own(low):
		return right
	}
	return unknown
}

func names(owner string, words ...string) bool {
	if accountID.MatchString(owner) {
		return false
	}
	for _, w := range words {
		if strings.Contains(owner, w) {
			return true
		}
	}
	return false
}

// own tells whether a reference means the account of the template itself.
func own(low string) bool {
	return strings.Contains(low, "aws::accountid") || strings.Contains(low, "aws_caller_identity")
}

// whose says how an account is known to be the wrong one.
func (l *list) whose(owner string) string {
	switch {
	case l.c.ManagementAccount != "":
		return "the management account is " + l.c.ManagementAccount
	case own(strings.ToLower(owner)) || owner == l.c.Account:
		return "that is the account of the bucket, and the trail is not made here"
	}
	return "by its name that is not the management account"
}

func (l *list) management() string {
	if l.c.ManagementAccount != "" {
		return l.c.ManagementAccount
	}
	return "MANAGEMENT_ACCOUNT_ID"
}

// isOrganization tells whether what stands below AWSLogs/ is an organization.
func isOrganization(owner string) bool {
	low := strings.ToLower(owner)
	return organization.MatchString(owner) || strings.Contains(low, "org") && !accountID.MatchString(owner)
}
