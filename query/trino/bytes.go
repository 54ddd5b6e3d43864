package trino

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"math"
	"strings"
)

// Bytes come and go as hexadecimal texts, because functions take and give texts.

// hashed is a hash of bytes, with a key when it is a code (Trino, binary
// functions).
func hashed(name, data, key string) (any, error) {
	b, err := hex.DecodeString(data)
	if err != nil {
		return nil, err
	}
	k, err := hex.DecodeString(key)
	if err != nil {
		return nil, err
	}
	var h hash.Hash
	switch name {
	case "sha512":
		h = sha512.New()
	case "hmac_md5":
		h = hmac.New(md5.New, k)
	case "hmac_sha1":
		h = hmac.New(sha1.New, k)
	case "hmac_sha256":
		h = hmac.New(sha256.New, k)
	case "hmac_sha512":
		h = hmac.New(sha512.New, k)
	default:
		return nil, fmt.Errorf("no hash %q", name)
	}
	h.Write(b)
	return hex.EncodeToString(h.Sum(nil)), nil
}

func checksum32(data string) (any, error) {
	b, err := hex.DecodeString(data)
	return int64(crc32.ChecksumIEEE(b)), err
}

// inBase writes bytes in base 32, or in base 64 for URLs.
func inBase(name, data string) (any, error) {
	b, err := hex.DecodeString(data)
	if name == "32" {
		return base32.StdEncoding.EncodeToString(b), err
	}
	return base64.URLEncoding.EncodeToString(b), err
}

// outOfBase reads bytes in base 32, 64, or 64 for URLs.
func outOfBase(name, text string) (any, error) {
	var b []byte
	var err error
	switch name { // Java's decoders go without the signs that fill up
	case "32":
		b, err = base32.StdEncoding.DecodeString(text)
	case "64":
		b, err = base64.StdEncoding.WithPadding(base64.NoPadding).DecodeString(strings.TrimRight(text, "="))
	default:
		b, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	}
	return hex.EncodeToString(b), err
}

// bigEndian are the bytes of a number, four or eight.
func bigEndian(n, size int64) (any, error) {
	if size == 4 {
		if n != int64(int32(n)) {
			return nil, fmt.Errorf("%d has no room in four bytes", n)
		}
		return hex.EncodeToString(binary.BigEndian.AppendUint32(nil, uint32(n))), nil
	}
	return hex.EncodeToString(binary.BigEndian.AppendUint64(nil, uint64(n))), nil
}

// fromBigEndian is the inverse of bigEndian.
func fromBigEndian(data string, size int64) (any, error) {
	b, err := hex.DecodeString(data)
	switch {
	case err != nil:
		return nil, err
	case int64(len(b)) != size || size != 4 && size != 8:
		return nil, fmt.Errorf("expected %d-byte input, but got: %d", size, len(b))
	case size == 4:
		return int64(int32(binary.BigEndian.Uint32(b))), nil
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

// fromIEEE is the number whose bytes, in hexadecimal, are a float of 4 or 8.
func fromIEEE(data string, size int64) (any, error) {
	b, err := hex.DecodeString(data)
	switch {
	case err != nil:
		return nil, err
	case int64(len(b)) != size || size != 4 && size != 8:
		return nil, fmt.Errorf("a floating-point value of exactly %d bytes is wanted, but got %d", size, len(b))
	case size == 4:
		return float64(math.Float32frombits(binary.BigEndian.Uint32(b))), nil
	}
	return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
}

// toIEEE is the inverse of fromIEEE.
func toIEEE(f float64, size int64) any {
	if size == 4 {
		return hex.EncodeToString(binary.BigEndian.AppendUint32(nil, math.Float32bits(float32(f))))
	}
	return hex.EncodeToString(binary.BigEndian.AppendUint64(nil, math.Float64bits(f)))
}
