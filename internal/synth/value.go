package synth

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

const (
	hexDigits    = "0123456789abcdef"
	base32Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// clockLayout is how some services write a time in their own parameters.
const clockLayout = "Jan 2, 2006, 3:04:05 PM"

// appendFrom appends n random characters of a set of at most 64.
func appendFrom(b []byte, r *rand.Rand, set string, n int) []byte {
	for n > 0 {
		x := r.Uint64()
		for range min(n, 8) {
			b = append(b, set[int(x&0xff)*len(set)>>8])
			x >>= 8
			n--
		}
	}
	return b
}

func from(r *rand.Rand, set string, n int) string {
	return string(appendFrom(nil, r, set, n))
}

func appendUUID(b []byte, r *rand.Rand) []byte {
	for i, n := range [...]int{8, 4, 3, 3, 12} {
		if i > 0 {
			b = append(b, '-')
		}
		switch i {
		case 2:
			b = append(b, '4') // a version 4 UUID
		case 3:
			b = append(b, "89ab"[r.IntN(4)])
		}
		b = appendFrom(b, r, hexDigits, n)
	}
	return b
}

// appendKey appends what follows AKIA, ASIA, AROA or AIDA in an id. It ends in
// EXAMPLE so that no secret scanner takes it for a credential.
func appendKey(b []byte, r *rand.Rand) []byte {
	return append(appendFrom(b, r, base32Digits, 9), "EXAMPLE"...)
}

// keyOf is the id that always belongs to a name.
func keyOf(name string) string {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	return string(appendKey(nil, rand.New(rand.NewPCG(h, 0))))
}

// favourite picks with a liking for the front of the list, as traffic has
// favourites.
func favourite(r *rand.Rand, list []string) string {
	return list[skewed(r, len(list), 2.2)]
}

// skewed is an index below n; the larger the skew, the likelier a small one.
func skewed(r *rand.Rand, n int, skew float64) int {
	return int(float64(n) * math.Pow(r.Float64(), skew))
}

func logNormal(r *rand.Rand, median, sigma float64, most int) int {
	return min(max(1, int(median*math.Exp(r.NormFloat64()*sigma))), most)
}

// A writer appends one made-up value.
type writer func(s *scene, b []byte) []byte

// values are what <<name>> in events.txt may stand for.
var values = map[string]writer{
	"account":  func(s *scene, b []byte) []byte { return append(b, s.account.id...) },
	"region":   func(s *scene, b []byte) []byte { return append(b, s.region...) },
	"zone":     func(s *scene, b []byte) []byte { return append(append(b, s.region...), 'a') },
	"role":     func(s *scene, b []byte) []byte { return append(b, s.role...) },
	"user":     func(s *scene, b []byte) []byte { return append(b, s.user...) },
	"session":  func(s *scene, b []byte) []byte { return append(b, s.session...) },
	"bucket":   func(s *scene, b []byte) []byte { return append(b, s.bucket...) },
	"function": func(s *scene, b []byte) []byte { return append(b, s.function...) },
	"team":     func(s *scene, b []byte) []byte { return append(b, s.team...) },
	"private":  func(s *scene, b []byte) []byte { return append(b, s.private...) },
	"hostname": func(s *scene, b []byte) []byte {
		return append(b, "ip-"+strings.ReplaceAll(s.private, ".", "-")+".ec2.internal"...)
	},
	"instance": func(s *scene, b []byte) []byte { return append(b, favourite(s.r, s.account.instances)...) },
	"group":    func(s *scene, b []byte) []byte { return append(b, favourite(s.r, s.account.groups)...) },
	"subnet":   func(s *scene, b []byte) []byte { return append(b, favourite(s.r, s.account.subnets)...) },
	"vpc":      func(s *scene, b []byte) []byte { return append(b, favourite(s.r, s.account.vpcs)...) },
	"secret":   func(s *scene, b []byte) []byte { return append(b, favourite(s.r, s.account.secrets)...) },
	"kmskey":   func(s *scene, b []byte) []byte { return append(b, favourite(s.r, s.account.kmsKeys)...) },
	"uuid":     func(s *scene, b []byte) []byte { return appendUUID(b, s.r) },
	"key":      func(s *scene, b []byte) []byte { return appendKey(b, s.r) },
	"hex16":    func(s *scene, b []byte) []byte { return appendFrom(b, s.r, hexDigits, 16) },
	"hex17":    func(s *scene, b []byte) []byte { return appendFrom(append(b, '0'), s.r, hexDigits, 16) },
	"hex32":    func(s *scene, b []byte) []byte { return appendFrom(b, s.r, hexDigits, 32) },
	"b64":      func(s *scene, b []byte) []byte { return appendFrom(b, s.r, base64Digits, 43) },
	"id2":      func(s *scene, b []byte) []byte { return append(appendFrom(b, s.r, base64Digits, 75), '=') },
	"token":    func(s *scene, b []byte) []byte { return appendFrom(b, s.r, base64Digits, 200+s.r.IntN(400)) },
	"number":   func(s *scene, b []byte) []byte { return strconv.AppendInt(b, int64(s.r.IntN(5_000_000)), 10) },
	"small":    func(s *scene, b []byte) []byte { return strconv.AppendInt(b, int64(s.r.IntN(300)), 10) },
	"mac":      appendMAC,
	"object":   appendObjectName,
	"clock":    func(s *scene, b []byte) []byte { return s.at.AppendFormat(b, clockLayout) },
	"date":     func(s *scene, b []byte) []byte { return s.at.AppendFormat(b, "2006/01/02") },
}

func appendMAC(s *scene, b []byte) []byte {
	b = append(b, "0a"...)
	for range 5 {
		b = appendFrom(append(b, ':'), s.r, hexDigits, 2)
	}
	return b
}

func appendObjectName(s *scene, b []byte) []byte {
	b = append(append(b, s.team...), "/dt="...)
	b = s.at.Add(-time.Duration(s.r.IntN(28))*24*time.Hour).AppendFormat(b, time.DateOnly)
	b = append(b, "/part-"...)
	b = strconv.AppendInt(b, int64(10000+s.r.IntN(400)), 10)
	b = appendUUID(append(b, '-'), s.r)
	return append(b, ".parquet"...)
}
