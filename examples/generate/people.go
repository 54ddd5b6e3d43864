package main

// The accounts of the organization o-exampleorgid.
const (
	management  = "111122223333"
	production  = "444455556666"
	development = "777788889999"
	audit       = "123456789012"
)

// The regions in use. Everything else is unexpected.
const (
	home   = "us-east-1"
	second = "us-west-2"
	// far is where nobody works.
	far = "ap-southeast-1"
)

const (
	cliAgent       = "aws-cli/2.27.4 md/awscrt#0.26.1 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.2 md/pyimpl#CPython exec-env/CodeBuild cfg/retry-mode#standard md/command#s3.sync"
	terraformAgent = "APN/1.0 HashiCorp/1.0 Terraform/1.11.2 (+https://www.terraform.io) terraform-provider-aws/5.91.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.36.3 os/linux lang/go#1.23.7 md/GOOS#linux md/GOARCH#amd64"
	browserAgent   = "Mozilla/5.0 (X11; Linux x86_64; rv:136.0) Gecko/20100101 Firefox/136.0"
	intruderAgent  = "aws-cli/1.22.34 Python/3.10.12 Linux/5.15.0-kali3-amd64 botocore/1.23.34"
)

// iamUser is a person or a machine with an access key of its own.
func iamUser(account, name, key, address, agent string) actor {
	return actor{account, fields{
		"type": "IAMUser", "principalId": "AIDA" + pad(name), "arn": "arn:aws:iam::" + account + ":user/" + name,
		"accountId": account, "accessKeyId": key, "userName": name,
	}, address, agent}
}

// session is a role's session.
func session(account, role, name, address, agent string) actor {
	id := "AROA" + pad(role)
	return actor{account, fields{
		"type": "AssumedRole", "principalId": id + ":" + name,
		"arn":       "arn:aws:sts::" + account + ":assumed-role/" + role + "/" + name,
		"accountId": account, "accessKeyId": "ASIA" + pad(role+name),
		"sessionContext": fields{
			"sessionIssuer": fields{
				"type": "Role", "principalId": id, "arn": "arn:aws:iam::" + account + ":role/" + role,
				"accountId": account, "userName": role,
			},
			"attributes": fields{"creationDate": "2026-03-14T00:04:11Z", "mfaAuthenticated": "false"},
		},
	}, address, agent}
}

// employee is a person who signed in through IAM Identity Center.
func employee(account, permissionSet, mail, address string) actor {
	return session(account, "AWSReservedSSO_"+permissionSet+"_4f2b6c1d8e9a0b37", mail, address, browserAgent)
}

// service is AWS acting on its own.
func service(account, name string) actor {
	host := name + ".amazonaws.com"
	return actor{account, fields{"type": "AWSService", "invokedBy": host}, host, host}
}

// pad makes sixteen capital letters and digits of a name, as in the unique ids
// of IAM; they say EXAMPLE, as AWS's own do.
func pad(name string) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	h := uint64(14695981039346656037)
	for i := 0; i < len(name); i++ {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	b := []byte("         EXAMPLE")
	for i := range 9 {
		b[i] = digits[h>>(5*i)&31]
	}
	return string(b)
}
