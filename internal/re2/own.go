package re2

// Own is an expression of the program itself, which is compiled when it is first
// searched for: a program has hundreds and a run needs few, and compiling them
// all was a third of the time that a command took to start. TestOwn compiles
// those that stand in the sources.
func Own(expr string) *Lazy { return &Lazy{expr: expr} }

// FindString is the first match in s.
func (l *Lazy) FindString(s string) string { return l.compiled().FindString(s) }

// FindStringIndex is where the first match in s begins and ends.
func (l *Lazy) FindStringIndex(s string) []int { return l.compiled().FindStringIndex(s) }

// FindStringSubmatch is the first match in s and its groups.
func (l *Lazy) FindStringSubmatch(s string) []string { return l.compiled().FindStringSubmatch(s) }

// FindStringSubmatchIndex is where the first match and its groups begin and end.
func (l *Lazy) FindStringSubmatchIndex(s string) []int {
	return l.compiled().FindStringSubmatchIndex(s)
}

// FindAllString are up to n matches in s.
func (l *Lazy) FindAllString(s string, n int) []string { return l.compiled().FindAllString(s, n) }

// FindAllStringIndex is where up to n matches in s begin and end.
func (l *Lazy) FindAllStringIndex(s string, n int) [][]int {
	return l.compiled().FindAllStringIndex(s, n)
}

// FindAllStringSubmatch are up to n matches in s with their groups.
func (l *Lazy) FindAllStringSubmatch(s string, n int) [][]string {
	return l.compiled().FindAllStringSubmatch(s, n)
}

// FindAllStringSubmatchIndex is where those begin and end.
func (l *Lazy) FindAllStringSubmatchIndex(s string, n int) [][]int {
	return l.compiled().FindAllStringSubmatchIndex(s, n)
}

// ReplaceAllString is s with its matches replaced; $1 stands for a group.
func (l *Lazy) ReplaceAllString(s, by string) string { return l.compiled().ReplaceAllString(s, by) }

// ReplaceAllLiteralString is s with its matches replaced by the text as it is.
func (l *Lazy) ReplaceAllLiteralString(s, by string) string {
	return l.compiled().ReplaceAllLiteralString(s, by)
}

// ReplaceAllStringFunc is s with its matches replaced by what f makes of them.
func (l *Lazy) ReplaceAllStringFunc(s string, f func(string) string) string {
	return l.compiled().ReplaceAllStringFunc(s, f)
}

// FindSubmatch is the first match in b and its groups.
func (l *Lazy) FindSubmatch(b []byte) [][]byte { return l.compiled().FindSubmatch(b) }
