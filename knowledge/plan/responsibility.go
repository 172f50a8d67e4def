package plan

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxList bounds a list of bodies, in bytes.
const maxList = 1500

var (
	roleWord = `(?:[省市州区县]级|[省市州区县]直)?(?:牵头|责任|配合|实施|负责|主办|协办|协同|协作|参与|参加|承办|主管|主责|落实|主要责任)(?:责任|实施|落实|配合)?(?:单位|部门|区县|县区|处室|科室|机构|主体|镇街)?`
	// roleMark begins a list of bodies: 牵头单位：
	roleMark = regexp.MustCompile(`(` + roleWord + `(?:[/／、和及]` + roleWord + `)*)[\s　]*[:：]|[【\[]((?:市级|省级|县级|区级)?` + roleWord + `)[】\]][\s　]*[:：]?`)
	// dueMark begins a time limit, otherMark what is neither: 责任领导：
	dueMark   = regexp.MustCompile(`(?:完成|办结|工作|推进|落实)?(?:时限要求|时间节点|时间要求|时间安排|时间进度|进度安排|时限|时间|期限)[\s　]*[:：]|[【\[](?:完成|办结|工作)?(?:时限|时间|时间节点|期限)[】\]][\s　]*[:：]?`)
	otherMark = regexp.MustCompile(`[\p{Han}]{0,6}(?:领导|责任人|负责人|联系人|联系方式|电话|备注|说明)[\s　]*[:：]`)
	// roleTail ends the names of bodies: A、B按职责分工负责, A牵头，B配合
	roleTail = regexp.MustCompile(`(?:按照?|依照?|依据|根据)?(?:各自)?(?:工作)?(?:职责|职能)?(?:分工)?(?:分别|共同|各自|具体|协同|组织)?(牵头负责|牵头组织实施|牵头组织|牵头落实|牵头|负责落实|负责|配合|参与|参加|协助|协办|主办|承办|落实|组织实施|实施)(?:$|[。.，,；;])`)
	leadRule = regexp.MustCompile(`(?:第一|首)(?:位|个|名)?[^。；;，,）)]{0,10}(?:为|是|系|即)[^。；;，,）)]{0,4}牵头`)
	leadNote = regexp.MustCompile(`[（(](?:牵头|牵头单位|牵头部门|列首位)[)）]$`)
	// body matches what an organisation's name ends with.
	body = regexp.MustCompile(`(?:局|委|办|厅|部|院|会|社|室|中心|站|所|队|公司|集团|政府|单位|部门|机构|街道|〕|镇|乡|园区|管委会|银行|分行|支行|海关|学校|企业|团|科|处|行|署|总局|学院|大学|联合会|协会|党委|支队|组|办事处|\)|）|区|县|市|省|联|专班)$`)
	// named is stricter: no word of everyday text ends so and stands alone in a bracket.
	named = regexp.MustCompile(`^(?:[国省市州区县旗镇乡各团]|自治|人民|中国|中共)?[\p{Han}〔〕（）()“”、]*(?:局|委|委员会|厅|部|办公室|[政府委]办|管委会|政府|办事处|总工会|工会|妇联|残联|工商联|督查室|研究室|党校|科协|文联|联合会|供销社|海关|银行|[分支]行|公司|集团|[有相]关部门|[有相]关单位|成员单位|各单位|各部门|[直属]单位|监察委|法院|检察院|支队|大队|中心|乡镇|街道|园区)$`)
	// likely are names that a list may hold beside one that is sure: 市贸促会, 各银行机构.
	likely = regexp.MustCompile(`^(?:[省市州区县旗镇]|各|国家|中国)[\p{Han}〔〕（）()“”、]{1,20}(?:会|办|室|社|队|院|台|站|所|馆|校|学院|大学|机构|企业|团|组|专班|单位|部门|区|市|县|旗|乡|镇|街)$`)
	// whenMember is a member of a list that says when, not who.
	whenMember = regexp.MustCompile(`^(?:[0-9]{4}年|[0-9]{1,2}月|每[年月周季日半个学]|全年|年底|年内|今年|上半年|下半年|第?[一二三四]季度|长期|持续|常年|常态|立行立改|即时|贯穿全年)`)
)

// listNote is a remark about the lists themselves behind a name:
// （列第一位者为牵头单位，下同）.
var listNote = regexp.MustCompile(`[（(〔][^（()）〔〕]*(?:下同|列第一|排第一|列首位|排首位|排名第一)[^（()）〔〕]*[)）〕]`)

// A responsibility is what one list of bodies says.
type responsibility struct {
	from, to int // bytes in the item's text, brackets included
	bureaus  []Bureau
	etc      bool
	due      []string // texts of time limits that stand in the list
}

// responsibilities finds the lists of bodies in an item's text, in order: in
// brackets, else without brackets behind a mark, else the bare names in a
// bracket that ends a paragraph.
func responsibilities(text string, firstLeads bool) []responsibility {
	if out := bracketed(text, func(_, inner, _ string) (responsibility, bool) { return list(inner, firstLeads) }); len(out) > 0 {
		if !strings.Contains(text, "\n") {
			return out
		}
		// beside paragraphs that say who with a mark others may do without
		return bracketed(text, func(before, inner, after string) (responsibility, bool) {
			if res, ok := list(inner, firstLeads); ok {
				return res, true
			}
			if !endsParagraph(after) || !strings.ContainsRune("。；;！!", lastRune(strings.TrimRight(before, " \t　"))) {
				return responsibility{}, false
			}
			return bareList(inner, firstLeads)
		})
	}
	if out := openLists(text, firstLeads); len(out) > 0 {
		return out
	}
	if res, ok := closingSentence(text, firstLeads); ok {
		return []responsibility{res}
	}
	return bracketed(text, func(before, inner, after string) (responsibility, bool) {
		if !endsParagraph(after) {
			return responsibility{}, false
		}
		res, ok := bareList(inner, firstLeads)
		ends := strings.ContainsRune("。；;！!）)】]\n", lastRune(strings.TrimRight(before, " \t　")))
		return res, ok && (ends || !slices.ContainsFunc(res.bureaus, func(b Bureau) bool { return b.Collective }))
	})
}

// endsParagraph reports whether nothing but signs follows in the paragraph.
func endsParagraph(after string) bool {
	line, _, _ := strings.Cut(after, "\n")
	return strings.Trim(line, " \t\r　。.；;)）】]〕") == ""
}

// charged is a last sentence that says who: 由A、B负责落实。
var charged = regexp.MustCompile(`(?:^|[。；;\n）)])[\s　]*(由[^。；;：:\n]{3,400}?(?:牵头负责|负责落实|负责组织实施|牵头落实|牵头实施|牵头|负责|落实|配合|组织实施)[^。；;：:\n]{0,200})[。\s　]*$`)

// closingSentence reads the last sentence of an item as a list of bodies.
func closingSentence(text string, firstLeads bool) (responsibility, bool) {
	from := max(0, strings.LastIndexAny(strings.TrimRight(text, "。 \t\r\n　"), "。；;\n"))
	if len(text)-from > maxList {
		return responsibility{}, false
	}
	m := charged.FindStringSubmatchIndex(text[from:])
	if m == nil {
		return responsibility{}, false
	}
	res, ok := tailList(text[from+m[2]:from+m[3]], responsibility{}, firstLeads)
	res.from, res.to = from+m[2], len(text)
	return res, ok
}

// bracketed reads every outer bracket of a text.
func bracketed(text string, read func(before, inner, after string) (responsibility, bool)) []responsibility {
	var out []responsibility
	for i, r := range text {
		if !strings.ContainsRune("（(【[〔", r) || len(out) > 0 && i < out[len(out)-1].to {
			continue
		}
		end := closes(text, i, r, brackets[r])
		if end == 0 { // mixed or missing closing sign
			within := text[i:min(len(text), i+maxList)]
			if end = i + strings.LastIndexAny(within, ")）"); end <= i {
				continue
			}
		}
		_, size := utf8.DecodeRuneInString(text[end:])
		if res, ok := read(text[:i], text[i+utf8.RuneLen(r):end], text[end+size:]); ok {
			res.from, res.to = i, end+size
			out = append(out, res)
		}
	}
	return out
}

// openLists finds lists without brackets, 责任单位：A、B, that begin a line or
// follow a sentence. Each goes on over the lines that begin with a mark, too.
func openLists(text string, firstLeads bool) []responsibility {
	var out []responsibility
	from := 0
	for {
		m := roleMark.FindStringIndex(text[from:])
		if m == nil {
			return out
		}
		at := from + m[0]
		from += m[1]
		if line := strings.LastIndexByte(text[:at], '\n') + 1; beginsWithMark(strings.TrimSpace(text[line:at])) {
			at = max(line, len(text[:line])) // 牵头领导：… 责任单位：…
			if len(out) > 0 {
				at = max(at, out[len(out)-1].to)
			}
		}
		before := strings.TrimRight(text[:at], " \t\r　")
		if before != "" && !strings.ContainsRune("。；;！？\n）)】]”", lastRune(before)) {
			continue
		}
		end := listEnd(text, at)
		if res, ok := list(text[at:end], firstLeads); ok && end-at <= maxList {
			res.from, res.to = at, end
			out = append(out, res)
			from = end
		}
	}
}

// listEnd is where a list without brackets ends that begins at.
func listEnd(text string, at int) int {
	end := at
	for {
		if end-at > maxList {
			return end
		}
		line, _, more := strings.Cut(text[end:], "\n")
		trimmed := strings.TrimSpace(line)
		if end > at && trimmed != "" && !beginsWithMark(trimmed) && !allNamed(trimmed) {
			return end - len("\n")
		}
		end += len(line)
		if !more {
			return end
		}
		end += len("\n")
	}
}

func beginsWithMark(line string) bool {
	for _, re := range []*regexp.Regexp{roleMark, dueMark, otherMark} {
		if m := re.FindStringIndex(line); m != nil && m[0] == 0 {
			return true
		}
	}
	return false
}

// allNamed reports whether a line holds names of bodies and nothing else.
func allNamed(line string) bool {
	if len(line) > maxList {
		return false
	}
	names := split(line)
	return len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return !named.MatchString(n) })
}

// A mark is a word that begins a part of a list.
type mark struct {
	from, to int
	kind     byte // r: bodies, d: time, o: neither
	word     string
}

func marks(inner string) []mark {
	var out []mark
	for _, m := range roleMark.FindAllStringSubmatchIndex(inner, -1) {
		out = append(out, mark{m[0], m[1], 'r', inner[max(m[2], m[4]):max(m[3], m[5])]})
	}
	for kind, re := range map[byte]*regexp.Regexp{'d': dueMark, 'o': otherMark} {
		for _, m := range re.FindAllStringIndex(inner, -1) {
			if !slices.ContainsFunc(out, func(x mark) bool { return m[0] < x.to && x.from < m[1] }) {
				out = append(out, mark{m[0], m[1], kind, ""})
			}
		}
	}
	slices.SortFunc(out, func(a, b mark) int { return a.from - b.from })
	return out
}

// list reads the inside of a bracket as a list of bodies.
func list(inner string, firstLeads bool) (responsibility, bool) {
	if len(inner) > maxList {
		return responsibility{}, false
	}
	var res responsibility
	all := marks(inner)
	if !slices.ContainsFunc(all, func(m mark) bool { return m.kind == 'r' }) {
		if len(all) > 0 { // A牵头，B配合；完成时限：6月
			res.addDue(strings.Split(inner[all[0].to:], "；")[0])
			inner = inner[:all[0].from]
		}
		return tailList(inner, res, firstLeads)
	}
	if head := inner[:all[0].from]; strings.Trim(head, " \t\r\n　，,；;") != "" {
		before, ok := tailList(head, res, false)
		if !ok {
			return tailList(inner, res, firstLeads)
		}
		res = before
	}
	for i, m := range all {
		end := len(inner)
		if i+1 < len(all) {
			end = all[i+1].from
		}
		part := inner[m.to:end]
		switch m.kind {
		case 'd':
			res.addDue(part)
		case 'r':
			part, _, _ = strings.Cut(part, "。")
			lead := strings.Contains(m.word, "牵头") && !strings.Contains(m.word, "配合")
			if tail, ok := tailList(part, responsibility{}, false); ok {
				for _, b := range tail.bureaus {
					res.put(b.Name, b.Lead || lead && !strings.Contains(part, "牵头"))
				}
				res.etc = res.etc || tail.etc
				res.due = append(res.due, tail.due...)
				continue
			}
			res.add(part, lead)
		}
	}
	return res.whole(firstLeads)
}

// tailList reads lists that name the role behind the bodies: A牵头，B、C配合.
func tailList(inner string, res responsibility, firstLeads bool) (responsibility, bool) {
	if i := strings.Index(inner, "。"); i > 0 {
		inner = inner[:i] // 列第一位者为牵头单位，下同
	}
	found := roleTail.FindAllStringSubmatchIndex(inner, -1)
	if len(found) == 0 {
		return res, false
	}
	behind := inner[found[len(found)-1][1]:]
	for _, n := range split(behind) { // A负责，6月底前完成
		if !whenMember.MatchString(n) {
			return res, false
		}
	}
	from := 0
	for _, m := range found {
		names := inner[from:m[0]]
		for _, n := range split(names) {
			if short, ok := cutEtc(n); ok {
				n = short
			}
			if !body.MatchString(n) && !whenMember.MatchString(n) && !collective(n) {
				return res, false
			}
		}
		res.add(names, strings.Contains(inner[m[2]:m[3]], "牵头"))
		from = m[1]
	}
	res.add(behind, false)
	return res.whole(firstLeads)
}

// bareList reads names of bodies without a word that says what they do.
func bareList(inner string, firstLeads bool) (responsibility, bool) {
	var res responsibility
	if len(inner) > maxList || strings.ContainsAny(inner, "：:。0123456789") {
		return res, false
	}
	res.add(inner, false)
	sure := 0
	for _, b := range res.bureaus {
		switch n := utf8.RuneCountInString(b.Name); {
		case n < 3 || n > 40:
			return res, false
		case named.MatchString(b.Name):
			sure++
		case !likely.MatchString(b.Name):
			return res, false
		}
	}
	if sure == 0 {
		return res, false
	}
	return res.whole(firstLeads)
}

func (res *responsibility) addDue(text string) {
	text, _, _ = strings.Cut(text, "\n")
	if text = strings.Trim(text, " \t\r　。.；;，,)）"); text != "" {
		res.due = append(res.due, text)
	}
}

// person is who stands behind a body in its cell: 市民政局 李某某.
var person = regexp.MustCompile(`((?:局|委|办|厅|部|院|会|社|中心|公司|政府|办公室|管委会|办事处|街道|镇|乡))[ 　]+([\p{Han}]{2,4})($|[、，,；;\s　])`)

// withoutPersons is a list of bodies without the persons behind them.
func withoutPersons(names string) string {
	return person.ReplaceAllStringFunc(names, func(m string) string {
		p := person.FindStringSubmatch(m)
		if body.MatchString(p[2]) || collective(p[2]) || whenMember.MatchString(p[2]) {
			return m
		}
		return p[1] + p[3]
	})
}

// add puts the names of a list in.
func (res *responsibility) add(names string, lead bool) {
	names = withoutPersons(names)
	for _, n := range split(names) {
		if short, ok := cutEtc(n); ok {
			n, res.etc = short, true
		}
		if n == "等" || whenMember.MatchString(n) {
			if n != "等" {
				res.addDue(n)
			}
			res.etc = res.etc || n == "等"
			continue
		}
		noted := lead
		n = strings.TrimSpace(listNote.ReplaceAllString(n, ""))
		if m := leadNote.FindStringIndex(n); m != nil {
			n, noted = n[:m[0]], true
		}
		res.put(strings.TrimPrefix(n, "由"), noted)
	}
}

func (res *responsibility) put(name string, lead bool) {
	if name == "" || slices.ContainsFunc(res.bureaus, func(b Bureau) bool { return b.Name == name }) {
		return
	}
	res.bureaus = append(res.bureaus, Bureau{Name: name, First: len(res.bureaus) == 0, Lead: lead, Collective: collective(name)})
}

var etcEnd = regexp.MustCompile(`等(?:[省市州区县]?级?直?(?:各)?(?:有关|相关)?(?:责任|成员)?(?:部门|单位)(?:和单位|和部门|、单位)?)?$`)

// cutEtc cuts a closing 等 off.
func cutEtc(s string) (string, bool) {
	if m := etcEnd.FindStringIndex(s); m != nil && m[0] > 0 {
		return s[:m[0]], true
	}
	return s, false
}

func (res responsibility) whole(firstLeads bool) (responsibility, bool) {
	if firstLeads && len(res.bureaus) > 0 && !slices.ContainsFunc(res.bureaus, func(b Bureau) bool { return b.Lead }) {
		res.bureaus[0].Lead = true
	}
	return res, len(res.bureaus) > 0
}

var (
	groupWord = regexp.MustCompile(`[有相]关(?:部门|单位|企业|县|区|市|乡|镇|街道|科室|院校|机构)|成员单位|责任单位|各(?:部门|单位|科室|股室|乡|镇|街)|金融机构$`)
	// general names stand for every body of a kind: 街道办事处, 县级市
	general = regexp.MustCompile(`^(?:[省市州区县]级|[省市州区县]直)?(?:县级市|自治县|自治州|开发区|高新区|功能区|新区|园区|片区|乡镇|镇街|街道|[市州盟县区旗镇乡]|部门|单位)+(?:[（(〔][^）)〕]*[）)〕])?(?:人民政府|政府|管委会|办事处|部门|单位)?(?:[（(〔][^）)〕]*[）)〕])?$`)
)

// collective reports whether a name stands for a group, not for one body.
func collective(name string) bool {
	return strings.HasPrefix(name, "各") || groupWord.MatchString(name) || general.MatchString(name)
}

// joined is where two names stand on both sides of a word: A和B, A会同B.
var joined = regexp.MustCompile(`(?:局|委|办|厅|部|院|会|政府|中心|公司|单位|部门|管委会|办事处)(和|及|以及|会同)(?:[省市州区县镇乡各团国]|自治|人民|有关|相关)`)

// split parts a list of names at 、，, and white space outside brackets. A group
// such as 各市、州、县人民政府 stays one name.
func split(names string) []string {
	var parts []string
	start, until := 0, -1
	flush := func(end int) {
		p := strings.Trim(names[start:end], " \t\r\n　。.；;，,、:：")
		for p != "" {
			m := joined.FindStringSubmatchIndex(p)
			if m == nil {
				parts = append(parts, p)
				return
			}
			parts = append(parts, p[:m[2]])
			p = p[m[3]:]
		}
	}
	for i, r := range names {
		if i <= until {
			continue
		}
		if closing, ok := brackets[r]; ok {
			if end := closes(names, i, r, closing); end > 0 {
				until = end
			}
			continue
		}
		if strings.ContainsRune("、，,；; \t\n　", r) {
			flush(i)
			start = i + len(string(r))
		}
	}
	flush(len(names))
	return joinGroups(names, parts)
}

// joinGroups puts 各市 + 州 + 县人民政府 back together: a name that begins with 各
// takes the general names after it, up to the first that is a body.
func joinGroups(names string, parts []string) []string {
	var out []string
	for i := 0; i < len(parts); i++ {
		p := parts[i]
		if strings.HasPrefix(p, "各") && utf8.RuneCountInString(p) <= 4 && !organisation.MatchString(p) {
			from := strings.Index(names, p)
			for j := i + 1; j < len(parts) && j <= i+4 && general.MatchString(parts[j]); j++ {
				to := strings.Index(names[from:], parts[j])
				p = names[from : from+to+len(parts[j])]
				i = j
				if organisation.MatchString(parts[j]) {
					break
				}
			}
		}
		out = append(out, p)
	}
	return out
}

var organisation = regexp.MustCompile(`(?:政府|单位|部门|机构|办事处|管委会|企业|学校|院校|公司|街道|〕|）|\))$`)
