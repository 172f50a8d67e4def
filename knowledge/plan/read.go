package plan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of the text of a document; real plans stay far below each.
const (
	MaxBytes = 4 << 20
	MaxRunes = 1_500_000
	MaxLines = 100_000
	MaxItems = 10_000
)

// Errors a caller may test for. Each says what to do.
var (
	ErrEmpty    = errors.New("文件里没有文字：请检查文件")
	ErrTooLarge = fmt.Errorf("文字超过 %d MB 或 %d 万字：请拆成几个文件", MaxBytes>>20, MaxRunes/10_000)
	ErrTooLong  = fmt.Errorf("超过 %d 万行：请检查文件，或拆成几个文件", MaxLines/10_000)
	ErrTooMany  = fmt.Errorf("编号的任务超过 %d 万项：请检查文件，或拆成几个文件", MaxItems/10_000)
	ErrSlow     = errors.New("文字读得太久：请检查文件来源，或拆成几个文件")
	ErrNoItems  = errors.New("没有找到编号的任务：文件里要有 一、（一）1. 或 第一条 这样的编号")
	ErrEncoding = errors.New("文字编码不是 UTF-8：请另存为 UTF-8")
)

// Options are what a reading may know beside the text. The zero value is useful.
type Options struct {
	// Terms are standard terms of policy; what differs from one by a single
	// character or by two that changed places is warned of.
	Terms []string
}

// Read reads the text of a document. The errors are [ErrEmpty], [ErrTooLarge],
// [ErrTooLong], [ErrTooMany], [ErrEncoding] and [ErrNoItems], [ErrSlow] when the
// time of ctx ran out, and else the cause why ctx ended.
func Read(ctx context.Context, text string, o Options) (*Plan, error) {
	switch {
	case len(text) > MaxBytes, utf8.RuneCountInString(text) > MaxRunes:
		return nil, ErrTooLarge
	case strings.Count(text, "\n") > MaxLines:
		return nil, ErrTooLong
	case !utf8.ValidString(text):
		return nil, ErrEncoding
	case strings.TrimSpace(text) == "":
		return nil, ErrEmpty
	}
	printed := makePlain(strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n"))
	text, foot := cutFoot(printed.text)
	p := &Plan{Goals: []Target{}, Items: []Item{}, Frame: []string{}, Unread: []string{}, Warnings: []string{}}
	sections := outline(text, labels(text))
	head := text
	if len(sections) > 0 {
		head = text[:sections[0].label.from]
	}
	p.readHead(head, text, strings.Join(foot, "\n"))
	p.Frame = append(p.Frame, foot...)
	r := reader{plan: p, text: text, firstLeads: leadRule.MatchString(text), columns: tableColumns(text)}
	for i := range sections {
		r.section(ctx, &sections[i], nil, nil)
	}
	switch {
	case r.over(ctx) && ctx.Err() != nil:
		return nil, stopped(ctx)
	case r.over(ctx):
		return nil, ErrTooMany
	case len(p.Items) == 0:
		return nil, ErrNoItems
	}
	r.cutLast()
	r.number()
	r.keepHeadings()
	r.fields(ctx)
	if ctx.Err() != nil {
		return nil, stopped(ctx)
	}
	p.readGoals(head + "\n" + strings.Join(p.Unread, "\n"))
	r.warnMissing()
	p.warnCells(text)
	p.warn(text, o.Terms)
	p.asPrinted(printed)
	return p, nil
}

// stopped is why a reading ended early.
func stopped(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ErrSlow
	}
	return context.Cause(ctx)
}

// A section is a label with its text and what is numbered beneath it.
type section struct {
	label label
	text  string // own text, before the first part
	whole string // all of it
	parts []section
}

// outline nests the labels.
func outline(text string, all []label) []section {
	var build func(i int, end int) ([]section, int)
	build = func(i, end int) ([]section, int) {
		var out []section
		for i < len(all) && all[i].from < end {
			own := all[i]
			j := i + 1
			for j < len(all) && all[j].from < end && deeper(own.level, all[j].level) {
				j++
			}
			to := end
			if j < len(all) {
				to = min(to, all[j].from)
			}
			textEnd := to
			if i+1 < j {
				textEnd = all[i+1].from
			}
			parts, _ := build(i+1, to)
			out = append(out, section{own, text[own.to:textEnd], text[own.to:to], parts})
			i = j
		}
		return out, i
	}
	out, _ := build(0, len(text))
	return out
}

// deeper reports whether a label of level b stands under one of level a. An
// article stands under a chapter's 一、 and holds all others.
func deeper(a, b level) bool {
	return ranks[b] > ranks[a]
}

var ranks = [levels]int{levelAnnex: 0, levelPart: 1, levelSection: 2, levelHan: 3, levelArticle: 4, levelHanParen: 5, levelTask: 6, levelDigit: 7, levelParen: 8}

type reader struct {
	plan       *Plan
	text       string
	firstLeads bool
	columns    []string // of a table run together: 牵头单位, 责任单位
	labels     []label  // of the items
}

// section reads one section: an item, or a heading over its parts. Who is named
// above answers for the items that name nobody.
func (r *reader) section(ctx context.Context, s *section, path []Heading, above []responsibility) {
	if r.over(ctx) {
		return
	}
	heading, rest := cutHeading(s.text)
	if s.label.level == levelAnnex && !hasLists(s.parts) || len(s.parts) == 0 && closing.MatchString(strings.TrimSpace(heading)) {
		r.frame(s.label.printed + " " + s.whole)
		return
	}
	if len(s.parts) == 0 || s.isItem() {
		r.item(s, path, above)
		return
	}
	r.plan.Frame = append(r.plan.Frame, strings.TrimSpace(s.label.printed+" "+heading))
	if lists := responsibilities(heading, r.firstLeads); len(lists) > 0 {
		above = lists
	}
	if lists := responsibilities(rest, r.firstLeads); len(lists) > 0 {
		above = lists
		last := lists[len(lists)-1]
		r.frame(rest[last.from:last.to])
		rest = rest[:last.from] + "\n" + rest[last.to:]
	}
	r.plan.Unread = append(r.plan.Unread, Sentences(rest)...)
	path = append(slices.Clone(path), Heading{Label: strings.Trim(s.label.printed, "（）()"), Heading: heading})
	if s.label.level == levelHanParen {
		path[len(path)-1].Label = s.label.printed
	}
	for i := range s.parts {
		r.section(ctx, &s.parts[i], path, above)
	}
}

// over reports whether the reading has to end.
func (r *reader) over(ctx context.Context) bool {
	return len(r.plan.Items) > MaxItems || ctx.Err() != nil
}

// hasLists reports whether any of the sections names who is responsible: an
// annex that does is a list of tasks, another one a name, a form or a table.
func hasLists(sections []section) bool {
	return slices.ContainsFunc(sections, func(s section) bool {
		return len(s.parts) > 0 && hasLists(s.parts) || len(s.parts) == 0 && len(responsibilities(s.text, false)) > 0
	})
}

// closing is a chapter of rules about the document itself.
var closing = regexp.MustCompile(`^(?:附则|附\s*则|其他事项|施行日期)$`)

// frame adds lines that belong to no item and are none.
func (r *reader) frame(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			r.plan.Frame = append(r.plan.Frame, line)
		}
	}
}

// isItem reports whether the numbers beneath s only enumerate: they have one
// list of bodies together, at their end, or s is an article.
func (s *section) isItem() bool {
	if s.label.level == levelArticle {
		return true
	}
	if s.aspects() {
		return true
	}
	if s.parts[0].label.level == levelParen {
		return !eachSays(s.parts)
	}
	if s.label.level >= levelPart || s.label.level == levelHan && len(s.parts) > 0 && s.parts[0].label.level != levelDigit {
		return false
	}
	with := 0
	for _, p := range s.parts {
		if len(p.parts) > 0 && !p.isItem() {
			return false
		}
		if len(responsibilities(p.whole, false)) > 0 {
			with++
		}
	}
	last := s.parts[len(s.parts)-1]
	return len(s.parts) > 1 && with == 1 && len(responsibilities(last.whole, false)) == 1
}

// aspect names one side of a measure, not a measure: 适用对象, 补贴标准.
var (
	aspect     = regexp.MustCompile(`^[\p{Han}]{0,6}(?:对象|条件|标准|内容|期限|流程|程序|方式|渠道|材料|依据|来源|时限|时间|要点|说明)$`)
	mainAspect = regexp.MustCompile(`(?:对象|条件|标准|内容)$`)
	aspectEnds = "\n。：:"
)

// aspects reports whether the parts of s are sides of one measure: to whom, how
// much, for how long.
func (s *section) aspects() bool {
	if len(s.parts) < 2 {
		return false
	}
	main := 0
	for _, p := range s.parts {
		name, _, _ := strings.Cut(strings.TrimSpace(p.text), "\n")
		if i := strings.IndexAny(name, aspectEnds); i >= 0 {
			name = name[:i]
		}
		if name = strings.TrimSpace(name); !aspect.MatchString(name) {
			return false
		}
		if mainAspect.MatchString(name) {
			main++
		}
	}
	return 2*main >= len(s.parts)
}

// eachSays reports whether the parts say each for itself who is responsible:
// they are tasks, where others only enumerate.
func eachSays(parts []section) bool {
	with := 0
	for _, p := range parts {
		if len(responsibilities(p.whole, false)) > 0 {
			with++
		}
	}
	return with > 1 && 3*with >= 2*len(parts)
}

// cutHeading parts a heading from the text beneath it.
func cutHeading(text string) (heading, rest string) {
	text = strings.TrimSpace(text)
	line, more, many := strings.Cut(text, "\n")
	if i := strings.Index(line, "。"); i >= 0 && i+len("。") < len(line) {
		return line[:i], text[i+len("。"):]
	}
	if many {
		return strings.TrimSpace(line), more
	}
	return strings.TrimSuffix(text, "。"), ""
}

// item adds a section as an item; what stands behind its last list of bodies
// belongs to the frame.
func (r *reader) item(s *section, path []Heading, above []responsibility) {
	text := strings.TrimSpace(s.whole)
	it := Item{Path: slices.Clone(path), Targets: []Target{}, Deadlines: []Deadline{}, Amounts: []Amount{}, Groups: []string{}, Deliverables: []string{}, Bureaus: []Bureau{}}
	if it.Path == nil {
		it.Path = []Heading{}
	}
	lists := responsibilities(text, r.firstLeads)
	if len(lists) == 0 && len(r.columns) > 0 {
		if res, ok := tableTail(text, r.columns); ok {
			lists = []responsibility{res}
		}
	}
	if len(lists) > 0 {
		end := lists[len(lists)-1].to
		if behind := strings.TrimSpace(text[end:]); behind != "" && closesItem(behind) {
			r.frame(behind)
			text = text[:end]
		}
	} else if i := strings.Index(text, "\n附件"); i > 0 {
		r.frame(text[i:])
		text = strings.TrimSpace(text[:i])
	}
	it.Text = text
	it.lists = lists
	if len(lists) == 0 {
		lists = above
	}
	for _, l := range lists {
		it.Etc = it.Etc || l.etc
		for _, b := range l.bureaus {
			if !slices.ContainsFunc(it.Bureaus, func(x Bureau) bool { return x.Name == b.Name }) {
				b.First = len(it.Bureaus) == 0
				it.Bureaus = append(it.Bureaus, b)
			}
		}
		for _, due := range l.due {
			it.Deadlines = append(it.Deadlines, deadlineIn(due, due, r.plan, true)...)
		}
	}
	it.Heading = leadingHeading(text)
	r.plan.Items = append(r.plan.Items, it)
	r.labels = append(r.labels, s.label)
}

// aboutItself is a sentence of a document about itself.
var aboutItself = regexp.MustCompile(`^本(?:[\p{Han}]{2,6})(?:自|由)[^。]*(?:施行|实施|执行|生效|解释|有效期)[^。]*。`)

// closesItem reports whether what stands behind a list is no more of the item:
// it holds no sentence, or a sign of the end.
func closesItem(behind string) bool {
	return aboutItself.MatchString(behind) || !strings.ContainsAny(behind, "；;") && (!strings.Contains(behind, "。") || strings.HasPrefix(behind, "附"))
}

// cutLast cuts the paragraphs behind the last item's list off, where the other
// items end with theirs: they speak of the whole document.
func (r *reader) cutLast() {
	ends, lists := 0, 0
	items := r.plan.Items
	for i := range items[:len(items)-1] {
		if l := items[i].lists; len(l) > 0 {
			lists++
			if l[len(l)-1].to >= len(items[i].Text) {
				ends++
			}
		}
	}
	last := &items[len(items)-1]
	if len(last.lists) == 0 || lists < 2 || 3*ends < 2*lists {
		return
	}
	end := last.lists[len(last.lists)-1].to
	if behind := last.Text[min(end, len(last.Text)):]; strings.HasPrefix(strings.TrimLeft(behind, " \t　"), "\n") {
		last.Text = last.Text[:end]
		r.plan.Unread = append(r.plan.Unread, Sentences(behind)...)
	}
}

// leadingHeading is the short sentence that names an item, "" when it begins
// with its matter at once.
func leadingHeading(text string) string {
	if strings.HasPrefix(text, "【") {
		if end := strings.Index(text, "】"); end > 0 {
			return text[len("【"):end]
		}
	}
	first := text
	if i := strings.IndexByte(first, '\n'); i > 0 {
		first = strings.TrimSpace(first[:i])
		if utf8.RuneCountInString(first) <= 40 && !strings.ContainsAny(first, "。；;") {
			return first
		}
	}
	if i := strings.Index(first, "。"); i > 0 && i+3 < len(text) && utf8.RuneCountInString(first[:i]) <= 30 && !strings.ContainsAny(first[:i], "，,:：0123456789") {
		return first[:i]
	}
	return ""
}

// keepHeadings drops a heading that only looks like one: most of the items
// under the same heading begin with their matter at once.
func (r *reader) keepHeadings() {
	type count struct{ with, all int }
	under := map[string]*count{}
	key := func(it *Item) string {
		var b strings.Builder
		for _, h := range it.Path {
			b.WriteString(h.Label + "/")
		}
		return b.String()
	}
	for i := range r.plan.Items {
		it := &r.plan.Items[i]
		k := key(it)
		if under[k] == nil {
			under[k] = &count{}
		}
		under[k].all++
		if it.Heading != "" {
			under[k].with++
		}
	}
	for i := range r.plan.Items {
		if c := under[key(&r.plan.Items[i])]; 2*c.with <= c.all {
			r.plan.Items[i].Heading = ""
		}
	}
}

// number gives every item its label: the number where numbers run through the
// document, B1… for a closing chapter of safeguards, else the path.
func (r *reader) number() {
	running := map[level]bool{}
	for _, lv := range []level{levelDigit, levelArticle} {
		last, n, ok := 0, 0, true
		for i, l := range r.labels {
			if l.level == lv && !r.plan.Items[i].annexed() {
				ok = ok && l.number > last
				last = l.number
				n++
			}
		}
		running[lv] = ok && n > 1
	}
	used := map[string]bool{}
	safeguard := 0
	for i := range r.plan.Items {
		it, l := &r.plan.Items[i], r.labels[i]
		no := ""
		switch {
		case running[l.level] && !it.annexed():
			no = strconv.Itoa(l.number)
		case (running[levelDigit] || running[levelArticle]) && len(it.Path) > 0 && strings.Contains(it.Path[0].Heading, "保障"):
			safeguard++
			no = "B" + strconv.Itoa(safeguard)
		default:
			var parts []string
			for _, h := range it.Path {
				parts = append(parts, h.Label)
			}
			no = strings.Join(append(parts, l.printed), "/")
		}
		for base, n := no, 2; used[no]; n++ {
			no = base + "#" + strconv.Itoa(n)
		}
		used[no] = true
		it.No = no
	}
}

// annexed reports whether the item stands in an annex.
func (it *Item) annexed() bool {
	return len(it.Path) > 0 && strings.HasPrefix(it.Path[0].Label, "附")
}

// fields reads targets, deadlines, amounts, groups and deliverables.
func (r *reader) fields(ctx context.Context) {
	for i := range r.plan.Items {
		it := &r.plan.Items[i]
		body := it.withoutLists()
		for _, sentence := range shortSentences(body) {
			if r.over(ctx) {
				return
			}
			r.sentence(it, sentence)
		}
		it.Groups = append(it.Groups, groups(body)...)
		it.Deliverables = append(it.Deliverables, deliverables(body)...)
		for _, d := range it.Deadlines {
			if d.Hard && d.Due == nil && (d.Kind == "multi-year" || d.Kind == "once") {
				r.plan.Warnings = append(r.plan.Warnings, fmt.Sprintf("第%s项：“%s”没有写从哪一年算起，到期日要由人确认", it.No, d.Text))
			}
		}
	}
}

// sentence reads the times and figures of one sentence of an item.
func (r *reader) sentence(it *Item, sentence string) {
	it.Deadlines = append(it.Deadlines, deadlines(sentence, r.plan)...)
	for _, q := range figures(sentence) {
		if t, ok := q.target(r.plan); ok {
			it.Targets = append(it.Targets, t)
		}
		if a, ok := q.amount(); ok {
			it.Amounts = append(it.Amounts, a)
		}
	}
}

// withoutLists is the item's text with its lists of bodies left out.
func (it *Item) withoutLists() string {
	var b strings.Builder
	from := 0
	for _, l := range it.lists {
		b.WriteString(it.Text[from:min(l.from, len(it.Text))] + "\n")
		from = min(l.to, len(it.Text))
	}
	b.WriteString(it.Text[from:])
	return b.String()
}

var (
	hanDay     = regexp.MustCompile(`([二〇○零Ｏ一三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})日`)
	docYear    = regexp.MustCompile(`[〔\[（(]([0-9]{4})[〕\]）)][0-9]*号`)
	isoDay     = regexp.MustCompile(`([0-9]{4})年[\s　]*([0-9]{1,2})月[\s　]*([0-9]{1,2})日`)
	titleWords = regexp.MustCompile(`(?:计划|方案|措施|意见|办法|规划|要点|通知|分工|分解表|指南|细则|政策|规定|清单|安排|责任分解|任务分解|条措施|行动|纲要|台账|表)$`)
	yearsSpan  = regexp.MustCompile(`([0-9]{4})年?[—－\-–~～至到]{1,2}([0-9]{4})年?`)
	oneYear    = regexp.MustCompile(`([0-9]{4})年`)
)

// readHead reads title, day of issue, validity and disclosure from what stands
// before the first number and from the signature at the end.
func (p *Plan) readHead(head, text, foot string) {
	var lines []string
	for _, l := range strings.Split(head, "\n") {
		if l = strings.Trim(l, " \t\r　"); l != "" {
			lines = append(lines, l)
		}
	}
	p.Frame = append(p.Frame, lines...)
	p.Title = title(lines)
	for _, l := range lines {
		bare := strings.Trim(l, "（）() ")
		if m := isoDay.FindStringSubmatch(bare); m != nil && (len(bare) <= len(m[0])+6 || p.Issued == "" && strings.HasSuffix(bare, m[0])) {
			p.Issued = issueDay(m[0])
		}
		if p.Issued == "" && hanDay.MatchString(bare) {
			p.Issued = issueDay(bare)
		}
		switch {
		case strings.Contains(l, "不予公开") || strings.Contains(l, "不公开"):
			p.Disclosure = "不公开"
		case strings.Contains(l, "依申请公开"):
			p.Disclosure = "依申请公开"
		case strings.Contains(l, "公开发布") || strings.Contains(l, "主动公开"):
			p.Disclosure = "公开"
		}
	}
	if p.Disclosure == "" {
		for word, d := range map[string]string{"此件公开发布": "公开", "主动公开": "公开", "依申请公开": "依申请公开"} {
			if strings.Contains(text, word) {
				p.Disclosure = d
			}
		}
	}
	if p.Issued == "" {
		p.Issued = cmp.Or(issueDay(foot), issueDay(head))
	}
	p.readValidity(text)
}

// issueDay is the last day that a text names, "" when it names none.
func issueDay(text string) string {
	if all := isoDay.FindAllStringSubmatch(text, -1); all != nil {
		m := all[len(all)-1]
		return fmt.Sprintf("%s-%02d-%02d", m[1], number(m[2]), number(m[3]))
	}
	if all := hanDay.FindAllStringSubmatch(text, -1); all != nil {
		m := all[len(all)-1]
		year := ""
		for _, r := range m[1] {
			year += strconv.Itoa(number(string(r)))
		}
		return fmt.Sprintf("%s-%02d-%02d", year, number(m[2]), number(m[3]))
	}
	return ""
}

// signature is who signed and when, at the end of a document.
var signature = regexp.MustCompile(`(?:^|[\n。）)])([\s　]*(?:[\p{Han}]{2,30}(?:政府|办公室|局|委员会|厅|部|管委会|院|领导小组)[\s　]*)+[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日[\s　]*(?:[（(]此件[^）)]*[)）])?[\s　]*)$`)

// cutFoot parts the signature at the end from the text.
func cutFoot(text string) (rest string, foot []string) {
	tail := max(0, len(text)-400)
	for tail > 0 && !utf8.RuneStart(text[tail]) {
		tail--
	}
	m := signature.FindStringSubmatchIndex(text[tail:])
	if m == nil || tail+m[2] == 0 {
		return text, nil
	}
	for line := range strings.SplitSeq(text[tail+m[2]:], "\n") {
		if line = strings.TrimSpace(line); line != "" {
			foot = append(foot, line)
		}
	}
	return text[:tail+m[2]], foot
}

// title is the last line of the head that reads like one, else what the head
// calls itself.
func title(lines []string) string {
	best := ""
	for i, l := range lines {
		if len([]rune(l)) > 60 || strings.ContainsAny(l, "。:：") {
			continue
		}
		if titleWords.MatchString(titleNote.ReplaceAllString(l, "")) {
			if strings.HasSuffix(best, l) {
				continue // the title row of a table
			}
			best = l
			if i > 0 && !titleWords.MatchString(lines[i-1]) && joinsTitle(lines[i-1]) {
				best = lines[i-1] + l
			}
			if i+1 < len(lines) && titleSpan.MatchString(lines[i+1]) {
				best += lines[i+1]
			}
		}
	}
	if best != "" {
		return best
	}
	whole := strings.Join(lines, "\n")
	if m := regexp.MustCompile(`《([^》《]{4,60})》`).FindAllStringSubmatch(whole, -1); m != nil {
		for _, x := range m {
			if strings.Contains(whole, "现将《"+x[1]+"》") || strings.Contains(whole, "《"+x[1]+"》已") {
				return x[1]
			}
		}
	}
	if m := regexp.MustCompile(`^[^\n。：:]{4,60}?(?:意见|通知|方案|计划|措施|办法)`).FindString(whole); m != "" {
		return m
	}
	for _, l := range lines {
		if !strings.HasPrefix(l, "附件") || len(lines) == 1 {
			return string([]rune(l)[:min(60, len([]rune(l)))])
		}
	}
	return ""
}

// titleNote is what stands in brackets behind a title.
var titleNote = regexp.MustCompile(`[（(][^（）()]{1,12}[)）]$`)

// titleSpan is a line beneath a title that names its years.
var titleSpan = regexp.MustCompile(`^[（(〔][0-9]{4}年?[—－\-–~～至]{1,2}[0-9]{4}年?[)）〕]$`)

// joinsTitle reports whether a line is the first half of a title.
func joinsTitle(l string) bool {
	return strings.Contains(l, "关于") && !strings.ContainsAny(l, "。，,：:〕》")
}

var validity = regexp.MustCompile(`自([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日起(?:施行|实施|执行|生效)[^。]{0,30}?有效期(?:至([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日|为?([0-9一二三四五六七八九十]+)年)`)

// validFor is how long a document holds from the day it was issued.
var validFor = regexp.MustCompile(`自(?:印发|发布|公布|下发)之日起(?:施行|实施|执行|生效)[^。]{0,10}有效期(?:限)?(?:至([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日|为?([0-9一二三四五六七八九十]+)年)`)

// readValidity reads from when to when the document holds: what it says of
// itself, else the years of its title, else from its issue on.
func (p *Plan) readValidity(text string) {
	if m := validity.FindStringSubmatch(text); m != nil {
		p.Valid.From = fmt.Sprintf("%s-%02d-%02d", m[1], number(m[2]), number(m[3]))
		if m[4] != "" {
			p.Valid.To = fmt.Sprintf("%s-%02d-%02d", m[4], number(m[5]), number(m[6]))
		} else {
			p.Valid.To = dayBefore(number(m[1])+number(m[7]), number(m[2]), number(m[3]))
		}
		return
	}
	if m := validFor.FindStringSubmatch(text); m != nil && (p.Issued != "" || m[1] != "") {
		p.Valid.From = p.Issued
		if m[1] != "" {
			p.Valid.To = fmt.Sprintf("%s-%02d-%02d", m[1], number(m[2]), number(m[3]))
		} else if day, err := time.Parse(time.DateOnly, p.Issued); err == nil {
			p.Valid.To = day.AddDate(number(m[4]), 0, -1).Format(time.DateOnly)
		}
		return
	}
	if m := yearsSpan.FindStringSubmatch(p.Title); m != nil {
		p.Valid = Span{m[1] + "-01-01", m[2] + "-12-31"}
		return
	}
	if m := oneYear.FindAllStringSubmatch(p.Title, -1); len(m) == 1 {
		p.Valid = Span{m[0][1] + "-01-01", m[0][1] + "-12-31"}
		return
	}
	if m := inForce.FindStringSubmatch(text); m != nil {
		p.Valid.From = issueDay(m[0])
		return
	}
	p.Valid.From = p.Issued
	if m := docYear.FindStringSubmatch(strings.Join(p.Frame, "\n")); m != nil && p.Valid.From == "" {
		p.docYear = m[1]
	}
}

var inForce = regexp.MustCompile(`自[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日起(?:施行|实施|执行|生效)`)
