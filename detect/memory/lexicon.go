package memory

// Lexicon numbers the texts of groups and values for one goroutine that reads
// records. Hits go to a History under these numbers, with a Page that says what
// they are; the History looks at a text only when its number is new to it. So
// a text is looked for where it is read, in a small table that nobody shares,
// and filing a hit compares no texts.
type Lexicon struct {
	texts *interned
	known *known
}

// known is what a History knows of a Lexicon: its own numbers, plus one, of the
// texts as groups and as values. Only the History looks at it.
type known struct {
	edition        int // of the History's log
	groups, values []uint32
}

// noTexts is the number of the empty list of texts in every Lexicon.
const noTexts = 0

// NewLexicon is a Lexicon without texts but the empty one.
func NewLexicon() *Lexicon {
	l := &Lexicon{newInterned(), new(known)}
	l.texts.number(nil)
	return l
}

// Number is the text's number.
func (l *Lexicon) Number(text []byte) uint32 { return l.texts.number(text) }

// The bounds of one Lexicon.
const (
	lexiconTexts = 1 << 16
	lexiconBytes = 4 << 20
)

// Full tells that it is time for another Lexicon: what comes again and again is
// soon in that too.
func (l *Lexicon) Full() bool {
	return l.texts.len() >= lexiconTexts || l.texts.room >= lexiconBytes
}

// Page is the texts that a Lexicon has numbered so far. It does not change when
// the Lexicon goes on, and may be given to another goroutine.
type Page struct {
	chunks [][]byte
	starts column[uint32]
	known  *known
}

// Page is all texts so far.
func (l *Lexicon) Page() Page { return Page{l.texts.chunks, l.texts.starts, l.known} }

// Text is the text with a number. It shares the Page's memory.
func (p *Page) Text(n uint32) string { return textAt(p.chunks, p.starts.at(n)) }

// Group and Value give a History's own numbers of a text on a page.
func (h *History) Group(p *Page, n uint32) Text {
	h.open(p)
	if k := p.known.groups[n]; k != 0 {
		return Text(k - 1)
	}
	own := h.log.groups.numberOf(p.Text(n))
	p.known.groups[n] = own + 1
	return Text(own)
}

// Value is like Group.
func (h *History) Value(p *Page, n uint32) Text {
	h.open(p)
	if k := p.known.values[n]; k != 0 {
		return Text(k - 1)
	}
	own := h.log.values.numberOf(p.Text(n))
	p.known.values[n] = own + 1
	return Text(own)
}

// open makes room for what is known of a page, and forgets what was known
// before the log was written to the temporary file.
func (h *History) open(p *Page) {
	k, n := p.known, p.starts.len()
	if k.edition == h.edition && len(k.groups) >= n {
		return
	}
	if k.edition != h.edition {
		k.edition = h.edition
		clear(k.groups)
		clear(k.values)
	}
	if more := n - len(k.groups); more > 0 {
		k.groups = append(k.groups, make([]uint32, more)...)
		k.values = append(k.values, make([]uint32, more)...)
	}
}
