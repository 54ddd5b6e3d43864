package sigma

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// literalBytes is the one literal that an encoding works on.
func literalBytes(v value) ([]byte, error) {
	v = asText(v)
	if v.kind != textValue {
		return nil, cannotTake(v)
	}
	s, plain := v.plain()
	if !plain {
		return nil, fmt.Errorf("encodes text without wildcards or placeholders; write contains after it")
	}
	return []byte(s), nil
}

func toBase64(v value, _ []string) ([]value, error) {
	b, err := literalBytes(v)
	if err != nil {
		return nil, err
	}
	v = asText(v)
	v.pieces = literalPieces(base64.StdEncoding.EncodeToString(b))
	return []value{v}, nil
}

// toBase64Offset gives the three texts that a value can have inside longer
// Base64, by its offset from a group of three bytes. The characters that its
// neighbours have a say in are cut off.
func toBase64Offset(v value, _ []string) ([]value, error) {
	b, err := literalBytes(v)
	if err != nil {
		return nil, err
	}
	v = asText(v)
	out := make([]value, 3)
	for offset := range out {
		padded := append(make([]byte, offset), b...)
		text := base64.StdEncoding.EncodeToString(padded)
		start := [...]int{0, 2, 3}[offset]
		end := len(text) - [...]int{0, 3, 2}[len(padded)%3]
		out[offset] = v
		out[offset].pieces = literalPieces(text[min(start, end):end])
	}
	return out, nil
}

func toUTF16(encode func([]byte, uint16) []byte, mark bool) modify {
	return func(v value, _ []string) ([]value, error) {
		v = asText(v)
		if v.kind != textValue {
			return nil, cannotTake(v)
		}
		var out []piece
		if mark {
			out = append(out, piece{literal, string(encode(nil, 0xFEFF))})
		}
		for _, p := range v.pieces {
			if p.kind == literal {
				p.text = encodeUTF16(p.text, encode)
			}
			if n := len(out); n > 0 && p.kind == literal && out[n-1].kind == literal {
				out[n-1].text += p.text
				continue
			}
			out = append(out, p)
		}
		v.pieces = out
		return []value{v}, nil
	}
}

func encodeUTF16(s string, encode func([]byte, uint16) []byte) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = encode(b, u)
	}
	return string(b)
}

func encodeUTF16LE(b []byte, u uint16) []byte { return binary.LittleEndian.AppendUint16(b, u) }
func encodeUTF16BE(b []byte, u uint16) []byte { return binary.BigEndian.AppendUint16(b, u) }

// dashes are what command lines take for the sign before a flag: hyphen, slash,
// en dash, em dash, horizontal bar.
var dashes = [...]string{"-", "/", "\u2013", "\u2014", "\u2015"}

// maxDashes bounds the flags in one value, whose spellings multiply.
const maxDashes = 5

// toDashes gives every spelling of a value whose flags may start with any dash.
func toDashes(v value, _ []string) ([]value, error) {
	v = asText(v)
	if v.kind != textValue {
		return nil, cannotTake(v)
	}
	variants, n := [][]piece{nil}, 0
	for _, p := range v.pieces {
		if p.kind != literal {
			variants = each(variants, []piece{p})
			continue
		}
		for i, part := range cutAtFlags(p.text) {
			if i > 0 {
				if n++; n > maxDashes {
					return nil, fmt.Errorf("expands at most %d flags in one value; split it into several values", maxDashes)
				}
				variants = eachOf(variants, dashes[:])
			}
			variants = each(variants, literalPieces(part))
		}
	}
	out := make([]value, len(variants))
	for i := range out {
		out[i] = v
		out[i].pieces = variants[i]
	}
	return out, nil
}

// cutAtFlags cuts s at each "-" or "/" that follows no word character and
// precedes one.
func cutAtFlags(s string) []string {
	var parts []string
	start := 0
	for i := 0; i < len(s); i++ {
		if s[i] != '-' && s[i] != '/' {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[i+1:])
		if (i == 0 || !isWord(before)) && i+1 < len(s) && isWord(after) {
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// each appends tail to every variant, joining literals.
func each(variants [][]piece, tail []piece) [][]piece {
	for i := range variants {
		variants[i] = joinPieces(variants[i], tail)
	}
	return variants
}

// eachOf is every variant with every literal behind it.
func eachOf(variants [][]piece, texts []string) [][]piece {
	out := make([][]piece, 0, len(variants)*len(texts))
	for _, v := range variants {
		for _, t := range texts {
			out = append(out, joinPieces(v, literalPieces(t)))
		}
	}
	return out
}

// joinPieces is a fresh a followed by b, adjacent literals made one.
func joinPieces(a, b []piece) []piece {
	out := make([]piece, 0, len(a)+len(b))
	for _, p := range slices.Concat(a, b) {
		if n := len(out); n > 0 && p.kind == literal && out[n-1].kind == literal {
			out[n-1].text += p.text
			continue
		}
		out = append(out, p)
	}
	return out
}
