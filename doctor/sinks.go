package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/severity"
)

func sinkChecks() []Check {
	return []Check{
		{ID: "store-table", Title: "The table of alerts is there", Asks: "Does the table of store.dynamodb exist, and is it active?",
			Severity: severity.Critical, Actions: []string{"dynamodb:DescribeTable"}, Run: checkStore},
		{ID: "secrets", Title: "Secrets are where the configuration says", Asks: "Does each secret and parameter exist? Nothing is read.",
			Severity: severity.Critical, Actions: []string{"secretsmanager:DescribeSecret", "ssm:DescribeParameters"}, Run: checkSecrets},
		{ID: "ses-identity", Title: "The sender of mails is verified", Asks: "Is the address or its domain a verified identity, and is what it sends signed, so that it does not end in the junk folder?",
			Severity: severity.Critical, Actions: []string{"ses:GetEmailIdentity"}, Run: checkIdentity},
		{ID: "ses-account", Title: "Mails may leave", Asks: "Is SES out of the sandbox, or is each recipient verified, and is sending on?",
			Severity: severity.Critical, Actions: []string{"ses:GetAccount", "ses:GetEmailIdentity"}, Run: checkMailAccount},
		{ID: "ses-recipients", Title: "Recipients take mail", Asks: "SES no longer sends to an address that bounced or complained.",
			Severity: severity.Critical, Actions: []string{"ses:GetSuppressedDestination"}, Run: checkRecipients},
	}
}

func checkStore(ctx context.Context, e *Env) (out []Result) {
	d := e.Config.Store.DynamoDB
	if d == nil {
		return none("there is no store.dynamodb")
	}
	t, err := dynamodb.NewFromConfig(e.in(d.Region)).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &d.Table})
	switch {
	case missing(err) && d.Create:
		return []Result{ok(d.Table, "the table is not there yet and will be made")}
	case missing(err):
		return []Result{broken(d.Table, "there is no such table", "Set store.dynamodb.create, or make it with trailwarden deploy render.")}
	case err != nil:
		return []Result{unknown(d.Table, err)}
	case t.Table.TableStatus != ddbtypes.TableStatusActive && t.Table.TableStatus != ddbtypes.TableStatusUpdating:
		return []Result{broken(d.Table, "the table is "+string(t.Table.TableStatus), "Wait, or make it anew.")}
	}
	return []Result{ok(d.Table, string(t.Table.TableStatus))}
}

// kept is a secret in an AWS service.
type kept struct{ scheme, name, where, action string }

// secrets are those of the configuration that AWS keeps.
func (e *Env) secrets() (out []kept) {
	for i := range e.Config.Sinks {
		s := &e.Config.Sinks[i]
		if !s.Enabled {
			continue
		}
		for _, ref := range config.SecretsIn(s) {
			name := strings.TrimPrefix(ref.Reference(), ref.Scheme()+":")
			switch ref.Scheme() {
			case config.SchemeManager:
				name, _, _ = strings.Cut(name, "#")
				out = append(out, kept{ref.Scheme(), name, "sinks." + s.Name, "secretsmanager:GetSecretValue"})
			case config.SchemeSSM:
				out = append(out, kept{ref.Scheme(), unversioned(name), "sinks." + s.Name, "ssm:GetParameter"})
			}
		}
	}
	return out
}

// unversioned is a parameter's name or ARN without its version or label.
func unversioned(name string) string {
	head, tail := "", name
	if kind(name) != "" {
		tail = partOf(name, 5)
		head = strings.TrimSuffix(name, tail)
	}
	tail, _, _ = strings.Cut(tail, ":")
	return head + tail
}

// parameter are the names that a parameter may have: an ARN does not tell whether
// one of a single part begins with a slash.
func (k kept) parameter() []string {
	name, isARN := strings.CutPrefix(partOf(k.name, 5), "parameter/")
	switch {
	case !isARN:
		return []string{k.name}
	case strings.Contains(name, "/"):
		return []string{"/" + name}
	}
	return []string{name, "/" + name}
}

func (k kept) arn(who caller, region string) string {
	if kind(k.name) != "" {
		return k.name
	}
	if k.scheme == config.SchemeSSM {
		return "arn:" + who.partition + ":ssm:" + region + ":" + who.account + ":parameter/" + strings.TrimPrefix(k.name, "/")
	}
	return "arn:" + who.partition + ":secretsmanager:" + region + ":" + who.account + ":secret:" + k.name + "-AbCdEf"
}

func checkSecrets(ctx context.Context, e *Env) []Result {
	return orNone(each(e.secrets(), func(k kept) []Result {
		there, err := e.kept(ctx, k)
		switch {
		case err != nil:
			return []Result{unknown(k.where, err)}
		case !there:
			return []Result{broken(k.where, "the secret that it names is not in "+k.scheme, "Make it, or mend the reference.")}
		}
		return []Result{ok(k.where, "its secret is there")}
	}), "the configuration keeps no secrets with AWS")
}

func (e *Env) kept(ctx context.Context, k kept) (bool, error) {
	cfg := e.in(regionOf(k.name))
	if k.scheme == config.SchemeManager {
		out, err := secretsmanager.NewFromConfig(cfg).DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &k.name})
		if missing(err) || err == nil && out.DeletedDate != nil {
			return false, nil
		}
		return err == nil, err
	}
	in := &ssm.DescribeParametersInput{ParameterFilters: []ssmtypes.ParameterStringFilter{{Key: aws.String("Name"), Option: aws.String("Equals"), Values: k.parameter()}}}
	out, err := ssm.NewFromConfig(cfg).DescribeParameters(ctx, in)
	return err == nil && len(out.Parameters) > 0, err
}

// mails are the sinks that send by SES.
func (e *Env) mails() (out []config.Sink) {
	for _, s := range e.Config.Sinks {
		if s.SES != nil && s.Enabled {
			out = append(out, s)
		}
	}
	return out
}

func (e *Env) ses(s config.Sink) *sesv2.Client { return sesv2.NewFromConfig(e.in(s.SES.Region)) }

// address is the bare address of "Name <address>".
func address(text string) string {
	_, after, found := strings.Cut(text, "<")
	if !found {
		return strings.TrimSpace(text)
	}
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(after), ">"))
}

// identity is the verified identity of an address: itself or its domain. It is
// nil when there is none.
func (e *Env) identity(ctx context.Context, s config.Sink, who string) (out *sesv2.GetEmailIdentityOutput, err error) {
	_, domain, _ := strings.Cut(who, "@")
	for _, name := range []string{who, domain} {
		one, err := asked(e, "identity "+s.SES.Region+" "+name, func() (*sesv2.GetEmailIdentityOutput, error) {
			return e.ses(s).GetEmailIdentity(ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: &name})
		})
		switch {
		case missing(err):
			continue
		case err != nil:
			return nil, err
		case one.VerifiedForSendingStatus:
			return one, nil
		case out == nil:
			out = one
		}
	}
	return out, nil
}

func checkIdentity(ctx context.Context, e *Env) []Result {
	return orNone(each(e.mails(), func(s config.Sink) []Result {
		from := address(s.SES.From)
		if s.SES.IdentityARN != "" {
			return []Result{ok(s.SES.IdentityARN, "sinks."+s.Name+" sends by another account's identity; it is checked there")}
		}
		id, err := e.identity(ctx, s, from)
		switch {
		case err != nil:
			return []Result{unknown(from, err)}
		case id == nil:
			return []Result{broken(from, "neither the address nor its domain is an identity of SES in this region", "aws sesv2 create-email-identity --email-identity "+from)}
		case !id.VerifiedForSendingStatus:
			return []Result{broken(from, "the identity is not verified", "Open the link in the mail from Amazon, or add the domain's DNS records.")}
		case id.IdentityType == sestypes.IdentityTypeDomain && (id.DkimAttributes == nil || !id.DkimAttributes.SigningEnabled):
			return []Result{warn(from, "mails are not signed (DKIM), so that they may end in the junk folder", "aws sesv2 put-email-identity-dkim-attributes --signing-enabled")}
		}
		return []Result{ok(from, "verified; if nothing arrives, look in the junk folder")}
	}), "no sink sends by SES")
}

func checkMailAccount(ctx context.Context, e *Env) []Result {
	return orNone(each(e.mails(), func(s config.Sink) (out []Result) {
		name := "SES in " + cmp.Or(s.SES.Region, e.aws.Region)
		account, err := asked(e, "ses account "+s.SES.Region, func() (*sesv2.GetAccountOutput, error) {
			return e.ses(s).GetAccount(ctx, &sesv2.GetAccountInput{})
		})
		switch {
		case err != nil:
			return []Result{unknown(name, err)}
		case !account.SendingEnabled:
			return []Result{broken(name, "sending is off for the account", "Ask AWS for the reason; it is mostly bounces or complaints.")}
		case account.ProductionAccessEnabled:
			return []Result{ok(name, "out of the sandbox")}
		}
		for _, to := range slices.Concat(s.SES.To, s.SES.Cc) {
			id, err := e.identity(ctx, s, address(to))
			if err != nil {
				out = append(out, unknown(to, err))
			} else if id == nil || !id.VerifiedForSendingStatus {
				out = append(out, broken(to, "SES is in its sandbox and the recipient is not verified: mails to it are refused", "Verify the address, or ask for production access: aws sesv2 put-account-details."))
			}
		}
		return or(out, name, fmt.Sprintf("in the sandbox, and all %d recipients are verified", len(s.SES.To)+len(s.SES.Cc)))
	}), "no sink sends by SES")
}

func checkRecipients(ctx context.Context, e *Env) []Result {
	return orNone(each(e.mails(), func(s config.Sink) []Result {
		return each(slices.Concat(s.SES.To, s.SES.Cc), func(to string) []Result {
			to = address(to)
			out, err := e.ses(s).GetSuppressedDestination(ctx, &sesv2.GetSuppressedDestinationInput{EmailAddress: &to})
			switch {
			case missing(err):
				return []Result{ok(to, "not suppressed")}
			case err != nil:
				return []Result{unknown(to, err)}
			}
			return []Result{broken(to, "SES does not send to this address: "+strings.ToLower(string(out.SuppressedDestination.Reason)), "Mend the mailbox, then aws sesv2 delete-suppressed-destination --email-address "+to)}
		})
	}), "no sink sends by SES")
}
