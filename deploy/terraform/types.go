package terraform

import "maps"

// mappings are the types that can be written, by their CloudFormation names. The
// names of properties are those of the AWS CloudFormation Template Reference,
// those of attributes of the hashicorp/aws provider 5.x.
func mappings() map[string]mapping {
	out := map[string]mapping{}
	for _, group := range []map[string]mapping{storage(), messages(), compute(), events(), watching(), asking()} {
		maps.Copy(out, group)
	}
	return out
}
