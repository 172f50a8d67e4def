package plan

import (
	"regexp"
	"strings"
)

var (
	hedgeWords = regexp.MustCompile(`力争|积极争取|争取|努力|探索|计划|预计|拟|原则上|逐步|鼓励`)
	// binding words make a figure a target of the doer.
	binding = regexp.MustCompile(`达|提升|提高|增长|增速|新增|力争|争取|完成|培育|培训|培养|建成|建设|实现|控制|下降|降低|降到|突破|超过|招引|引进|组织|扶持|创建|打造|覆盖|不低于|不少于|不得低于|至少|确保|稳定在|带动|比例|占比|率|计划|用于|目标|累计|遴选|编制|举办|配备|保持|减轻|发行|开展|发展|新建|建立|选拔|认定|支持|梳理|选树|推广|设立|安排|投入|投资|筹集|统筹|整合|兑现|募集|融资|到[0-9]`)
	// conditional words make a figure a condition that someone must meet.
	conditional = regexp.MustCompile(`的(?:企业|单位|个人|主体|项目|机构|家庭|人员|经营主体)|满[0-9]`)
	helped      = regexp.MustCompile(`分别带动`)
	money       = regexp.MustCompile(`元$`)
	// paying words give a figure to someone.
	paying    = regexp.MustCompile(`补贴|补助|奖励|奖补|奖金|资助|给予|贴息|贷款|返还|发放|津贴|分配给|报销|减免|补偿|扶持资金|一次性`)
	rewarding = regexp.MustCompile(`奖励|给予|补助|资助|奖补`)
	paid      = regexp.MustCompile(`(?:给予|补助|奖励|补贴|资助)[^，,。；;]{0,8}$`)
	// of stands behind money that only says which: 1万元以下脱贫人口
	of = regexp.MustCompile(`^(?:的)?(?:脱贫)?(?:人口|企业|项目|家庭|单位)`)
	// which money qualifies what stands behind it: 1亿元以上的项目
	which = regexp.MustCompile(`(?:以上|以下|以内|及以上)$`)
	// met is a condition to be met before something is paid, seen from its figure on.
	met       = regexp.MustCompile(`^[^。；;]{0,60}?(?:的|以上|以下)[\p{Han}、“”（）()]{0,24}[，,][^。；;]*?(?:给予|奖励|补助|补贴|资助|享受|可申请|予以)`)
	districts = regexp.MustCompile(`(?:力争|计划|争取|完成|实现|总额|总量|累计|全年|规模|投资|产值|营业收入|交易|零售|销售|设立|安排|投入|筹集|整合|融资|带动|拉动|撬动|兑现资金|兑现政策资金|(?:新增|发放|投放)[^，,。；;]{0,10}(?:贷款|信贷|融资)|债券|资金池|(?:贷款|信贷)(?:余额|投放|规模))[^，,。；;]*$`)
	// counting ends what stands before a figure that only counts what there is.
	counting    = regexp.MustCompile(`(?:[我全辖本各][省市州区县镇乡]|到|围绕|等|共|第|现有|已有|原有|以及|周边|前|这|上述)$`)
	descriptive = regexp.MustCompile(`(?:[我全辖本各][省市州区县镇乡]|围绕|[^达]到|周边)$`)
	// raised ends what stands before the figure that something is brought to.
	raised = regexp.MustCompile(`(?:提高|提升|提|扩大|扩展|拓展|增加|增长|增|延长|上升|升|压缩|压减|缩短|减少|减|降低|下降|降|调整|发展|恢复|稳定|保持|控制)到$`)
	// pays stands behind a number of things or persons that something is paid for: 20人以下的按每人120元.
	pays    = regexp.MustCompile(`^的?[，,]?(?:按每|每[人户家个]|给予|一次性)[^，,。；;]{0,12}[0-9]`)
	perUnit = regexp.MustCompile(`每(?:新增|增加|多|招用|吸纳|新招用|建成|新建|培育|引进)?$`)
	forbids = regexp.MustCompile(`不再|严禁|禁止|不得(?:新|再)|低于$`)
	// listBefore and listAfter are figures that stand with another in a list: 574元、271元
	listBefore = regexp.MustCompile(`(?:[0-9.]+[万亿千百]*(?:元|%|个百分点)?、)+$`)
	listAfter  = regexp.MustCompile(`^(?:、[0-9.]+[万亿千百]*(?:元|%|个百分点)?)+(?:分别)?`)
	// before and behind a figure that is to change: 由30%提高到50%
	changesFrom = regexp.MustCompile(`(?:由|从)(?:原来的?|目前的?|现行的?|现有的?)?[\p{Han}]{0,6}$`)
	changesTo   = regexp.MustCompile(`^[^，,。；;0-9]{0,6}(?:提高|提升|提至|增加|扩大|上调|调整|降低|降至|下降|压减|压缩|缩短|减少|升至|增至)[^，,。；;]{0,8}[0-9]`)
	ratioPay    = regexp.MustCompile(`^[^，,。；;]{0,6}给予`)
)

// target makes a target of a figure that binds the doer.
func (f figure) target(p *Plan) (Target, bool) {
	if f.unit == "" && !strings.Contains(f.text, ":") && !strings.Contains(f.text, "∶") && f.cmp != "<=" && f.cmp != ">=" {
		return Target{}, false
	}
	isMoney := money.MatchString(f.unit)
	near := f.before + f.text
	switch {
	case forbids.MatchString(f.before), f.changed():
		return Target{}, false
	case isMoney && f.cmp != ">=" && (f.toOne() || f.standard() || credit.MatchString(f.before)):
		return Target{}, false
	case isMoney && paid.MatchString(f.before) && f.cmp != ">=":
		return Target{}, false
	case isMoney && paying.MatchString(f.clause) && !f.districtTotal() && f.cmp != ">=":
		return Target{}, false
	case isMoney && (of.MatchString(f.after) || f.qualifies() || f.condition()):
		return Target{}, false
	case isMoney && !binding.MatchString(near) && !f.districtTotal() && !f.shared() && !(f.cmp == ">=" && credit.MatchString(f.before)):
		return Target{}, false
	case f.unit == "" && f.cmp == "=" && !strings.Contains(f.sentence, "比"):
		return Target{}, false
	case f.unit == "" && f.cmp == ">=" && !binding.MatchString(f.before):
		return Target{}, false
	case f.unit == "%" && paying.MatchString(f.after) && f.cmp != ">=" && !binding.MatchString(f.before) && !ratioPay.MatchString(f.after):
		return Target{}, false
	case helped.MatchString(f.clause) && f.counts(), conditional.MatchString(f.clause) && f.counts() && f.cmp == "=" && !strings.Contains(f.before, "力争") && !(reached.MatchString(f.text) && conditional.MatchString(f.before)):
		return Target{}, false
	case f.counts() && f.cmp == "=" && (counting.MatchString(strings.TrimSpace(f.before)) || paying.MatchString(f.clause)) && !binding.MatchString(near):
		return Target{}, false
	case f.counts() && pays.MatchString(f.after), f.counts() && perUnit.MatchString(f.before) && paying.MatchString(f.clause):
		return Target{}, false
	case f.counts() && f.cmp == "=" && f.condition():
		return Target{}, false
	case f.cmp == "=" && descriptive.MatchString(strings.TrimSpace(f.before)) && !raised.MatchString(strings.TrimSpace(f.before)):
		return Target{}, false
	}
	t := Target{Text: f.text, What: f.what(), Value: f.value, Max: f.max, Unit: f.unit, Cmp: f.cmp, Hedge: f.hedge()}
	t.Due = p.dueOf(f)
	return t, true
}

// dueOf is when a figure is due: the time before it in its sentence that is
// nearest, else the only one behind it.
func (p *Plan) dueOf(f figure) string {
	if p.sentence != f.sentence {
		p.sentence, p.times = f.sentence, deadlines(f.sentence, p)
	}
	nearest, due := -1, ""
	for _, d := range p.times {
		at := strings.LastIndex(f.sentence[:f.at], d.Text)
		switch {
		case !d.Hard || at < 0 && (nearest >= 0 || d.Due == nil) || at >= 0 && at < nearest:
		case d.Due == nil:
			nearest, due = at, ""
		default:
			nearest, due = at, *d.Due
		}
	}
	return due
}

// changed reports whether a figure is the one that another takes the place of.
func (f figure) changed() bool {
	return changesFrom.MatchString(listBefore.ReplaceAllString(f.before, "")) && changesTo.MatchString(listAfter.ReplaceAllString(f.after, ""))
}

// counts reports whether the unit counts things or persons.
func (f figure) counts() bool { return f.unit != "" && f.unit != "%" && !money.MatchString(f.unit) }

// shared reports whether money is a share of a sum named before it: 安排58亿元，其中，道路10亿元，学校12亿元.
func (f figure) shared() bool {
	i := strings.LastIndex(f.sentence[:f.at], "其中")
	return i >= 0 && f.cmp == "=" && f.after == "" && totalBefore.MatchString(f.sentence[:i]) && !paying.MatchString(f.sentence[i:f.at])
}

var totalBefore = regexp.MustCompile(`(?:安排|投入|投资|统筹|筹集|整合|下达)[^，,。；;]{0,20}元`)

// toOne reports whether money goes to one receiver: per head, or at most.
func (f figure) toOne() bool {
	return perHead.MatchString(f.before) && !producing.MatchString(f.before) || ceiling.MatchString(f.before+f.text) && (!binding.MatchString(f.before) || oneReceiver.MatchString(f.before))
}

// qualifies reports whether money only says which of many: 1亿元以上的项目.
func (f figure) qualifies() bool {
	return which.MatchString(f.text) && strings.HasPrefix(f.after, "的") && len(f.after) > len("的")
}

// condition reports whether a figure must be met before something is paid.
func (f figure) condition() bool {
	behind := f.sentence[min(len(f.sentence), f.at+len(f.text)):]
	if i := strings.Index(behind, "，对"); i >= 0 {
		behind = behind[:i] // who is paid is named behind it
	}
	return met.MatchString(behind) && f.endsCondition(behind) && !strings.HasPrefix(behind, "的标准") || f.cmp != "=" && f.after == "的"
}

// endsCondition reports whether the clause of a figure, with what is joined to
// it, ends as a condition does: …的，
func (f figure) endsCondition(behind string) bool {
	for {
		clause, rest, more := cutClause(behind)
		if !more {
			return true
		}
		if conditionEnd.MatchString(clause) {
			return true
		}
		if !joinedClause.MatchString(rest) {
			return false
		}
		behind = rest
	}
}

var (
	conditionEnd = regexp.MustCompile(`(?:的|以上|以下)[\p{Han}、“”（）()]{0,24}$`)
	joinedClause = regexp.MustCompile(`^(?:且|并|或|同时|以及|其中|及|能够|在)`)
)

// cutClause parts a text at its first comma.
func cutClause(s string) (clause, rest string, found bool) {
	i := strings.IndexAny(s, "，,")
	if i < 0 {
		return s, "", false
	}
	return s[:i], strings.TrimLeft(s[i:], "，,"), true
}

// districtTotal reports whether money is what the doer moves in all, not what
// one person gets.
func (f figure) districtTotal() bool {
	behind := f.sentence[min(len(f.sentence), f.at+len(f.text)):]
	return districts.MatchString(f.before) && !strings.Contains(f.text, "最高") && !rewarding.MatchString(behind)
}

// plansTo ends what stands before 计划 where it is a verb, no name: 计划招募.
var plansTo = regexp.MustCompile(`(?:^|[年月省市州区县，,、\s　])$`)

// hedge is the first hedging word before the figure in its clause, or in the
// clause that governs it.
func (f figure) hedge() string {
	for _, m := range hedgeWords.FindAllStringIndex(f.before, -1) {
		if word := f.before[m[0]:m[1]]; word != "计划" || plansTo.MatchString(f.before[:m[0]]) {
			return word
		}
	}
	at := strings.Index(f.sentence, f.clause)
	if at <= 0 {
		return ""
	}
	prior := f.sentence[:at]
	// a hedge reaches over a list of figures: 力争完成2000万元,扶持120人
	if i := strings.LastIndexAny(strings.TrimRight(prior, ",，"), ",，。；;"); i >= 0 {
		prior = prior[i:]
	}
	if strings.Contains(prior, "力争") && figurePattern.MatchString(prior) {
		return "力争"
	}
	return ""
}

var whatTrim = regexp.MustCompile(`^(?:【[^】]*】|[①-⑳]|[0-9]{1,2}[.．、]|[\p{Han}]{2,6}[:：]|[0-9]{4}年(?:底|末)?(?:前)?|[0-9]{1,2}月(?:[0-9]{1,2}日)?(?:底|末)?(?:之?前|以前)?|(?:上|下)半年|第?[一二三四]季度(?:末|底)?(?:之?前)?|全年|年内|年底(?:之?前)?|今年|每年|每[月季](?:度)?|[一二三四五两]年内|其中[:：]?|到|力争|计划|争取|积极争取|确保|预计|拟|原则上|努力|实现|完成|并|且|和|及|将|到[0-9]{4}年|[\s　]|，|、)+`)

// what is the span of the clause that says what the figure counts.
func (f figure) what() string {
	before := lastMember(f.before)
	before = whatTrim.ReplaceAllString(strings.TrimSpace(before), "")
	before = strings.TrimSpace(before)
	if before != "" && !onlyDate.MatchString(before) {
		return before
	}
	after := strings.TrimLeft(f.after, "的 ")
	if i := strings.IndexAny(after, "、（()）0123456789"); i >= 0 {
		after = after[:i]
	}
	return strings.TrimSpace(after)
}

// lastMember is the last member of a list of 、 outside brackets; an empty one
// gives the whole.
func lastMember(s string) string {
	depth, from := 0, 0
	for i, r := range s {
		switch r {
		case '(', '（', '“', '《', '【':
			depth++
		case ')', '）', '”', '》', '】':
			depth--
		case '、':
			if depth <= 0 && strings.TrimSpace(s[i+len("、"):]) != "" {
				from = i + len("、")
			}
		}
	}
	return s[from:]
}

var onlyDate = regexp.MustCompile(`^[0-9年月日底前]+$`)
