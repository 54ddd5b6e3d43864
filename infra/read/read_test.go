package read_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/infra/read"
	"github.com/trailwarden/trailwarden/infra/value"
)

// show is a value in one line: unknown values as <what they depend on>, places of
// texts left out.
func show(v *value.Value) string {
	switch {
	case v == nil:
		return "-"
	case v.Kind == value.Unknown:
		return "<" + strings.Join(v.Refs, ",") + ">"
	case v.Kind == value.Null:
		return "null"
	case v.Kind == value.Map || v.Kind == value.List:
		var parts []string
		for i, x := range v.Items {
			key := ""
			if v.Kind == value.Map {
				key = v.Keys[i].Name + "="
			}
			parts = append(parts, key+show(x))
		}
		return map[value.Kind]string{value.Map: "{", value.List: "["}[v.Kind] + strings.Join(parts, " ") + map[value.Kind]string{value.Map: "}", value.List: "]"}[v.Kind]
	}
	return v.Text
}

// TestTerraformIsEvaluatedAsFarAsItIsKnown holds expressions to their value, or to
// what they depend on.
func TestTerraformIsEvaluatedAsFarAsItIsKnown(t *testing.T) {
	const head = `
variable "name" { default = "logs" }
variable "account" { type = string }
variable "tags" { default = { env = "prod" } }
locals {
  bucket = "company-${var.name}"
  list   = ["a", local.bucket]
  me     = local.you
  you    = local.me
}
resource "aws_x" "y" {
  v = %s
}
`
	for expression, want := range map[string]string{
		`"x"`:                                   "x",
		`300`:                                   "300",
		`true`:                                  "true",
		`null`:                                  "null",
		`var.name`:                              "logs",
		`var.account`:                           "<var.account>",
		`var.tags.env`:                          "prod",
		`var.missing`:                           "<var.missing>",
		`local.bucket`:                          "company-logs",
		`local.list`:                            "[a company-logs]",
		`local.me`:                              "<local.me>",
		`aws_s3_bucket.logs.arn`:                "<aws_s3_bucket.logs>",
		`aws_s3_bucket.logs[0].arn`:             "<aws_s3_bucket.logs>",
		`data.aws_region.now.name`:              "<data.aws_region.now>",
		`module.net.vpc.id`:                     "<module.net.vpc>",
		`"${aws_s3_bucket.l.arn}/*"`:            "${aws_s3_bucket.l}/*",
		`"$${literal}"`:                         "${literal}",
		`jsonencode({a = [var.name]})`:          "{a=[logs]}",
		`jsonencode({"a" = 1, (var.name) = 2})`: "{a=1 logs=2}",
		`var.name == "logs" ? 1 : 2`:            "<a condition>",
		`true ? "a" : "b"`:                      "a",
		`concat(["a"], local.list)`:             "[a a company-logs]",
		`merge({a = 1}, {b = 2})`:               "{a=1 b=2}",
		`join(",", ["a", var.name])`:            "a,logs",
		`file("x.json")`:                        "<file()>",
		`var.account != "" ? 1 : null`:          "1",
		`var.tags["env"]`:                       "prod",
		`local.list[1]`:                         "company-logs",
		`local.list[2]`:                         "<local.list>",
		`[for x in local.list : "${x}!"]`:       "[a! company-logs!]",
		`[for i, x in local.list : i if x == "a"]`:        "<a for expression>",
		`[for i, x in local.list : i if true]`:            "[0 1]",
		`{for k, v in var.tags : v => k}`:                 "{prod=env}",
		`[for x in local.list : [for y in [x] : y]]`:      "[[a] [company-logs]]",
		`[for x in var.account : x]`:                      "<a for expression>",
		`"%{for x in local.list}<${x}>%{endfor}"`:         "<a><company-logs>",
		`join(" || ", [for r in local.list : "!= ${r}"])`: "!= a || != company-logs",
		`jsondecode("{\"a\": 1}")`:                        "{a=1}",
	} {
		t.Run(expression, func(t *testing.T) {
			blocks, faults := read.Terraform(map[string][]byte{"main.tf": fmt.Appendf(nil, head, expression)})
			if len(faults) > 0 {
				t.Fatal(faults)
			}
			if got := show(blocks["main.tf"][0].Body.Get("v")); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// TestPolicyDocumentsBecomePolicies reads a data block as the policy it makes.
func TestPolicyDocumentsBecomePolicies(t *testing.T) {
	blocks, faults := read.Terraform(map[string][]byte{
		"data.tf": []byte(`data "aws_iam_policy_document" "base" {
  statement {
    sid     = "base"
    actions = ["s3:GetObject"]
    resources = ["*"]
  }
}
data "aws_iam_policy_document" "p" {
  source_policy_documents = [data.aws_iam_policy_document.base.json]
  statement {
    effect      = "Deny"
    not_actions = ["s3:*"]
    resources   = ["arn:aws:s3:::x"]
    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [var.arn]
    }
  }
}`),
		"main.tf": []byte("resource \"aws_s3_bucket_policy\" \"b\" {\n  policy = data.aws_iam_policy_document.p.json\n}\n"),
	})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	got := show(blocks["main.tf"][0].Body.Get("policy"))
	want := "{Version=2012-10-17 Statement=[{Effect=Deny NotAction=[s3:*] Resource=[arn:aws:s3:::x] Principal={Service=[cloudtrail.amazonaws.com]} " +
		"Condition={StringEquals={aws:SourceArn=[<var.arn>]}}} {Sid=base Effect=Allow Action=[s3:GetObject] Resource=[*]}]}"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestCloudFormationIsEvaluatedAsFarAsItIsKnown does the same for templates, in
// YAML's short form, its long form and JSON.
func TestCloudFormationIsEvaluatedAsFarAsItIsKnown(t *testing.T) {
	const head = "Parameters:\n  Name: {Type: String, Default: logs}\n  Account: {Type: String}\nResources:\n  X:\n    Type: AWS::X::Y\n    Properties:\n      V: %s\n"
	for text, want := range map[string]string{
		"!Ref Name":                            "logs",
		"!Ref Account":                         "<Account>",
		"!Ref Bucket":                          "<Bucket>",
		"!GetAtt Bucket.Arn":                   "<Bucket>",
		"{Ref: Name}":                          "logs",
		`{"Fn::GetAtt": ["Bucket", "Arn"]}`:    "<Bucket>",
		`!Sub "arn:${AWS::Partition}:${Name}"`: "arn:${AWS::Partition}:logs",
		`!Sub "${Bucket.Arn}/*"`:               "${Bucket}/*",
		`!Sub ["${A}-${Name}", {A: x}]`:        "x-logs",
		`!Sub "${!Literal}"`:                   "${Literal}",
		`!Join [":", [a, !Ref Name]]`:          "a:logs",
		`!If [C, a, !Ref "AWS::NoValue"]`:      "a",
		`!If [C, a, b]`:                        "<Fn::If>",
		`!ImportValue x`:                       "<Fn::ImportValue>",
		`[a, !Ref "AWS::NoValue", b]`:          "[a b]",
	} {
		t.Run(text, func(t *testing.T) {
			docs, err := read.YAML(fmt.Appendf(nil, head, text))
			if err != nil {
				t.Fatal(err)
			}
			if !read.IsTemplate(docs[0]) {
				t.Fatal("no template")
			}
			if got := show(read.CloudFormation(docs[0])[0].Properties.Get("V")); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// TestCommandsAreFoundWhereverTheyStand reads calls of the AWS CLI out of scripts
// and articles, with what the script sets put in place.
func TestCommandsAreFoundWhereverTheyStand(t *testing.T) {
	s := read.Shell(`Make sure that aws is installed. Then:
$ aws s3 ls
BUCKET=company-logs
ARN=$(aws iam create-role --role-name watch --assume-role-policy-document file://trust.json --output text)
cat > trust.json <<EOF
{"Bucket": "$BUCKET", "Role": "$ARN"}
EOF
cat > raw.json <<'EOF'
{"Bucket": "$BUCKET"}
EOF
# aws s3 rb s3://$BUCKET
aws cloudtrail create-trail \
  --name main --s3-bucket-name "${BUCKET}" \
  --is-multi-region-trail && echo done
aws events put-targets --targets "Id"="1" 'Id=2'
aws athena x-y "$@"
`)
	var got []string
	for _, c := range s.Commands {
		got = append(got, fmt.Sprintf("%d:%d %s %s %s %v", c.Line, c.Column, c.Service, c.Operation, show(c.Options), c.Open))
	}
	want := []string{
		"2:7 s3 ls {} false",
		"4:11 iam create-role {role-name=watch assume-role-policy-document=file://trust.json output=text} false",
		"12:5 cloudtrail create-trail {name=main s3-bucket-name=company-logs is-multi-region-trail=true} false",
		`15:5 events put-targets {targets=[Id"="1 Id=2]} false`,
		"16:5 athena x-y {} true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got := show(s.Documents["trust.json"]); got != `{"Bucket": "company-logs", "Role": "${ARN}"}` {
		t.Errorf("trust.json is %s", got)
	}
	if got := show(s.Documents["raw.json"]); got != `{"Bucket": "$BUCKET"}` {
		t.Errorf("raw.json is %s", got)
	}
}

// hostile are texts that would cost more than they are worth, were they read
// without bounds.
func hostile() map[string]string {
	doubled := "locals {\n  a0 = [1]\n"
	texts := "locals {\n  t0 = \"0123456789\"\n"
	for i := 1; i < 60; i++ {
		doubled += fmt.Sprintf("  a%d = [local.a%d, local.a%d]\n", i, i-1, i-1)
		texts += fmt.Sprintf("  t%d = \"${local.t%d}${local.t%d}\"\n", i, i-1, i-1)
	}
	loops := "locals {\n  l = [" + strings.Repeat("1,", 2000) + "]\n  m = [for a in local.l : [for b in local.l : [for c in local.l : \"${a}${b}${c}\"]]]\n}\nresource \"a\" \"b\" {\n  for_each = local.m\n  v = each.value\n}\n"
	conditions, conditional := "resource \"a\" \"b\" {\n", "Resources:\n"
	for i := range 2000 {
		conditions += fmt.Sprintf("  v%d = var.v%d ? [1, 2] : [3]\n", i, i)
		conditional += fmt.Sprintf("  R%d: {Type: AWS::X::Y, Properties: {V: !If [C%d, !If [D%d, [1, 2], [3]], !If [E%d, {a: b}, {c: d}]]}}\n", i, i, i, i)
	}
	return map[string]string{
		"loops":            loops,
		"conditions":       conditions + "}\n",
		"conditional":      conditional,
		"nested lists":     "x = " + strings.Repeat("[", 1<<19),
		"nested blocks":    strings.Repeat("a {\n", 1<<17),
		"nested templates": "x = " + strings.Repeat(`"${`, 1<<17),
		"nots":             "x = " + strings.Repeat("!", 1<<20) + "true",
		"questions":        "x = " + strings.Repeat("a ? b : ", 1<<17) + "c",
		"doubled lists":    doubled + "}\nresource \"a\" \"b\" {\n  v = local.a59\n}\n",
		"doubled texts":    texts + "}\nresource \"a\" \"b\" {\n  v = local.t59\n}\n",
		"alias bomb":       "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n",
		"open heredocs":    strings.Repeat("cat > a <<EOF\n", 1<<16),
		"other heredocs":   strings.Repeat("cat > a <<A\ncat > b <<B\n", 1<<15),
		"one long command": "aws s3 cp " + strings.Repeat("--x 'y", 1<<17),
		"doubled words":    "A=xxxxxxxxxx\n" + strings.Repeat("A=$A$A\n", 1000) + "aws s3 ls $A\n",
	}
}

// TestHostileTextsAreBounded reads each of them in every form.
func TestHostileTextsAreBounded(t *testing.T) {
	for name, text := range hostile() {
		t.Run(name, func(t *testing.T) { readAll(t, []byte(text)) })
	}
}

// readAll reads a text in every form, and walks through what came of it.
func readAll(t testing.TB, text []byte) {
	values := 0
	walk := func(v *value.Value) { v.Walk(func(string, *value.Value) { values++ }) }
	blocks, _ := read.Terraform(map[string][]byte{"main.tf": text})
	for _, b := range blocks["main.tf"] {
		walk(b.Body)
	}
	inJSON, _ := read.Terraform(map[string][]byte{"main.tf.json": text})
	for _, b := range inJSON["main.tf.json"] {
		walk(b.Body)
	}
	if docs, err := read.YAML(text); err == nil {
		for _, d := range docs {
			for _, r := range read.CloudFormation(d) {
				walk(r.Properties)
			}
		}
	}
	for _, c := range read.Shell(string(text)).Commands {
		walk(c.Options)
	}
	if values > 4*value.MaxValues {
		t.Errorf("%d values were made", values)
	}
}

func FuzzTerraform(f *testing.F) {
	f.Add([]byte("variable \"a\" {\n  default = \"x\"\n}\nresource \"aws_x\" \"y\" {\n  v = jsonencode({a = \"${var.a}-${local.b}\"})\n  b {\n    c = <<-E\n      {\"a\": 1}\n    E\n  }\n}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		lines := strings.Count(string(text), "\n") + 1
		blocks, _ := read.Terraform(map[string][]byte{"a.tf": text})
		for _, b := range blocks["a.tf"] {
			b.Body.Walk(func(p string, v *value.Value) {
				if v.Line < 0 || v.Line > lines {
					t.Errorf("%s stands in line %d of %d", p, v.Line, lines)
				}
			})
		}
	})
}

// FuzzTerraformJSON reads Terraform's JSON syntax, in which texts are templates.
func FuzzTerraformJSON(f *testing.F) {
	f.Add([]byte("{\"//\": 1, \"variable\": {\"a\": {\"default\": \"x\"}}, \"locals\": [{\"b\": \"${var.a}\\n${c.d}\"}], \"resource\": {\"aws_x\": {\"y\": [{\"for_each\": [1, 2], \"v\": \"${jsonencode({a = local.b})}\", \"dynamic\": {\"s\": {\"content\": {\"t\": \"${s.value ? 1 : 2}\"}}}}]}}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		lines := strings.Count(string(text), "\n") + 1
		blocks, _ := read.Terraform(map[string][]byte{"a.tf.json": text})
		for _, b := range blocks["a.tf.json"] {
			for _, body := range append(b.Cases, b.Body) {
				body.Walk(func(p string, v *value.Value) {
					if v.Line < 0 || v.Line > lines {
						t.Errorf("%s stands in line %d of %d", p, v.Line, lines)
					}
				})
			}
		}
	})
}

func FuzzTemplate(f *testing.F) {
	f.Add([]byte("Parameters: {A: {Default: x}}\nResources:\n  X: {Type: AWS::X::Y, Properties: {V: !Sub \"${A}-${B.C}-${!D}\", W: !If [a, b, !Ref \"AWS::NoValue\"], X: !Join [a, [b, !Ref A]]}}\n"))
	f.Fuzz(func(_ *testing.T, text []byte) {
		docs, err := read.YAML(text)
		if err != nil {
			return
		}
		for _, d := range docs {
			read.IsTemplate(d)
			for _, r := range read.CloudFormation(d) {
				r.Properties.Walk(func(string, *value.Value) {})
			}
		}
	})
}

func FuzzShell(f *testing.F) {
	f.Add("A=x\nB=$(aws s3 ls \"s3://$A\" --x='y z')\ncat > f <<E\n{\"a\": \"$A\"}\nE\naws a b --c file://f \\\n --d\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Count(text, "\n") + 1
		for _, c := range read.Shell(text).Commands {
			if c.Line < 1 || c.Line > lines || c.Column < 1 {
				t.Errorf("%s %s stands at %d:%d of %d lines", c.Service, c.Operation, c.Line, c.Column, lines)
			}
		}
	})
}

// A word of a shell is one text however its pieces are quoted; what a command
// prints is unknown.
func TestShellWordsOfPieces(t *testing.T) {
	for word, want := range map[string]string{
		`'{"a":"'"$B"'/*"}'`:  `{"a":"known/*"}`,
		`'{"a":"'$B'/*"}'`:    `{"a":"known/*"}`,
		`'{"a":"'"${C}"'"}'`:  `{"a":"${C}"}`,
		`'a'"b c"d'e'`:        `ab cde`,
		`'$B'`:                `$B`,
		`"it's $B"`:           `it's known`,
		`'a'"$(date +%Y)"'b'`: `a${the output of a command}b`,
		`"$(date '+%Y')"`:     ``,
	} {
		s := read.Shell("B=known\naws s3api put --policy " + word + "\n")
		if len(s.Commands) != 1 {
			t.Errorf("%s: %d commands", word, len(s.Commands))
			continue
		}
		if got := s.Commands[0].Options.Get("policy").String(); got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
}
