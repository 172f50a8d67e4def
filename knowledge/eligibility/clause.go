package eligibility

import (
	"strings"

	"huiwen/knowledge/pattern"
)

// A clause is a stretch of a message between two signs, with whom it speaks of.
type clause struct {
	text string
	who  string // "" the person who writes, else the word for the other: 妈
	home bool   // it speaks of the family as a whole: 我家, 屋头
	asks bool   // it is the question rather than the story
}

// signs part clauses; a space does, too, because people type it for a comma.
const signs = ",。;!?、 :~\n"

// joints part what is told in one breath, as voice input writes it.
var joints = strings.NewReplacer("但是", ",", "可是", ",", "不过", ",", "而且", ",", "然后", ",", "就是说", ",", "听说", ",听说", "请问", ",")

// kin are the words for somebody else that a story speaks of, the longer first.
const kin = `老弟|老哥|老妹|老姐|老公|老婆|爱人|媳妇|婆娘|男人|丈夫|妻子|爸妈|父母|爸爸|老爸|父亲|妈妈|老妈|母亲|爷爷|奶奶|外公|外婆|公公|婆婆|阿婆|婆|爹|爸|妈|娘|哥哥|弟弟|姐姐|妹妹|兄弟|表哥|表弟|表姐|表妹|老表|哥|弟|姐|妹|` +
	`儿子|女儿|姑娘|娃儿|娃娃|娃|孩子|小孩|崽崽|孙子|孙女|侄儿|侄女|外甥|舅舅|舅子|嫂子|嫂嫂|小姨|姑妈|叔叔|伯伯|邻居|朋友|同学|亲戚|老人家|老人|老伴|同事`

var (
	// someone is who a clause may speak of: 我妈, 我家老人, 屋头娃儿.
	someone = pattern.MustCompile(kin)
	// aside ends before somebody that a clause does not speak of: 跟老表, 喊朋友, 带两个娃.
	aside = pattern.MustCompile(`(?:[跟和喊找由让被叫与同对靠住]|(?:带|照顾|照看|养|养活|抚养|接送|陪|供|伺候|服侍|生|像)(?:着|起|了|过)?[一二两三四五几]?|跑了|没得|单亲|全职|宝|绣|板|厨|新)(?:我|俺|咱)?(?:们)?(?:家|屋头|屋里|家里)?(?:头|里)?(?:个|的|那个|隔壁|大|小|二)?$`)
	// helps follows somebody who does something for the one the clause speaks of: 老表介绍我去.
	helps = pattern.MustCompile(`^(?:们|他们|家)?(?:介绍|喊|带|叫|推荐|拉|联系)`)
	// together are people of one house who speak of themselves: 我和老伴, 两口子.
	together = pattern.MustCompile(`我们?(?:和|跟)我?(?:` + kin + `)|我(?:两|俩|们)|两口子|夫妻`)
	// atHome is the family as a whole.
	atHome = pattern.MustCompile(`(?:我|俺|咱)(?:们)?(?:家|屋头|屋里)|家里|屋头|屋里|一家|全家|家庭|^家`)
	// myself goes back to the person who writes.
	myself = pattern.MustCompile(`^(?:那)?(?:我|俺|咱|本人)`)
	// onBehalf is for whom somebody asks: 帮我妈问, 替我哥问.
	onBehalf = pattern.MustCompile(`(?:帮|替|给|代)(?:我|俺)?(?:家)?(` + kin + `)(?:问|打听|咨询|看)`)
	// pronoun goes on with the other person spoken of last.
	pronoun = pattern.MustCompile(`^(?:他|她)`)
	// theirs points at the other person.
	theirs = pattern.MustCompile(`他|她|有我?(?:` + kin + `)的`)
)

// clausesOf parts a folded text and tells whom each clause speaks of: a clause
// without a subject goes on with the one before.
func clausesOf(text string) []clause {
	var out []clause
	who, last := "", ""
	for _, s := range strings.FieldsFunc(joints.Replace(text), func(r rune) bool { return strings.ContainsRune(signs, r) }) {
		c := clause{text: s, home: atHome.MatchString(s), asks: asking.MatchString(s)}
		switch other := spokenOf(s); {
		case onBehalf.MatchString(s):
			who = onBehalf.FindStringSubmatch(s)[1]
			last = who
		case together.MatchString(s):
			who = ""
		case other != "":
			who, last = other, other
		case pronoun.MatchString(s) && last != "":
			who = last
		case myself.MatchString(s):
			who = ""
		}
		c.who = who
		out = append(out, c)
	}
	return out
}

// spokenOf is the other person that a clause speaks of, "" for none.
func spokenOf(s string) string {
	for _, at := range someone.FindAllStringIndex(s, -1) {
		if !aside.MatchString(s[:at[0]]) && !helps.MatchString(s[at[1]:]) {
			return s[at[0]:at[1]]
		}
	}
	return ""
}

// askedFor is whom the message asks about: whoever its last question names,
// else whom it spoke of last.
func askedFor(list []clause) string {
	last := ""
	for _, c := range list {
		if c.who != "" {
			last = c.who
		}
	}
	for i := len(list) - 1; i >= 0; i-- {
		c := list[i]
		switch {
		case !c.asks:
		case theirs.MatchString(c.text) && last != "":
			return last
		default:
			return c.who
		}
	}
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1].who
}

var (
	// denied ends before what is denied: 不是, 没有, 从来没当过.
	denied = pattern.MustCompile(`(?:不是|不算|不属于|并非|谈不上|没有|没得|没|未|非|无|也不|又不|都不|不再|从不|不)(?:去|来|当|做|上|读|考|拿|评|办|交|缴|买|参加|参|吃|领|享受|住|有|得|认定|批|登记|注册|开|进)?(?:过|到|上|着|成|了)?(?:什么|哪样|啥|个|一天|任何|政府|家里|属于|是)?的?$`)
	// notDenied looks like it but is not: 不知道, 差不多, 不但.
	notDenied = pattern.MustCompile(`(?:差不|不但|不仅|不光|不止|要不|是不是|能不能|有没有|算不算|不管|不论|不晓得|不知道|不清楚|不确定|晓不得)(?:是|有|算)?(?:过|到|了)?$`)
	// deniedAfter follows what is denied and ends the clause: 执照没办, 低保没有.
	deniedAfter = pattern.MustCompile(`^(?:证|金|费|的|我|都|也|还|一直|从来|根本|这边|家里)*(?:没有|没得|(?:没有?|没得|未|不是)(?:交|缴|办|买|参|评|拿|下来|考|领|批|通过|得|搞|去)+(?:过|到|上|成|了|着)*)$`)
	// affirms makes 有…没有 a question.
	affirms = pattern.MustCompile(`有|能|算|给|可以`)
	// doubted is before what the person is not sure of.
	doubted = pattern.MustCompile(`(?:不知道|不晓得|晓不得|不清楚|不确定|说不清|没说|是不是|算不算|可能|好像|也许|估计|如果|要是|假如|万一|比如|等我)[^,]{0,6}$`)
	// doubtedAfter is behind it.
	doubtedAfter = pattern.MustCompile(`^.{0,3}(?:不知道|不晓得|晓不得|不清楚|不确定|是不是|说不准)`)
	// past and pastAfter: it was so once.
	past      = pattern.MustCompile(`(?:以前|原来|曾经|过去|早先|之前|早年|原先)(?:我|家|家里)?(?:当过|是|做过?|吃过?|有过?|当|在|领过?|享受过?)?.{0,2}$`)
	pastAfter = pattern.MustCompile(`^.{0,6}(?:取消|停了|停掉|退了|退出|不干了|不做了|注销了|被清退|到期了|没了|断了)`)
	// pending: it is applied for and not decided.
	pending = pattern.MustCompile(`(?:正在|还在|在)(?:申请|办|审|评|走程序|弄)|(?:刚|才)(?:申请|交|递)|还?没(?:批|下来|办下来|发下来|公示完|审完|审下来)|等(?:结果|批|审|通知|公示)|公示`)
	// descriptor: the words name the programme, not the person: 残疾人生活补贴.
	descriptor = pattern.MustCompile(`^(?:户|家庭|人员|人口|人|生|者|们|对象)*(?:的)?(?:那个|这个|那种|那份|那|这)?[^我他她能想可领吗不没,]{0,7}?(?:补贴|补助|津贴|贷款|直补|待遇|政策|扶持|奖励|奖补|岗位|资助|代缴|福利|过渡费|有笔钱|那笔|◇|培训班?(?:$|[^,]{0,3}(?:收|能|要|我|够|有|算|可)))`)
	// tells is before words that speak of the person even so: 我是残疾人补贴有没有.
	tells = pattern.MustCompile(`(?:我|我们|家|屋头|是|有|吃|属于|评上|户口|参加了|考到|考了|了|着|过)$`)
)

// reported is who says what follows: 社区说还在审.
var reported = pattern.MustCompile(`^.{0,4}说(?:是)?`)

// A polarity is how a mention is meant.
type polarity int

const (
	passed polarity = iota // not about the person
	stated
	refused // denied
	open    // doubted, or applied for and not decided
	ended   // was so once
)

// meant works out how the mention c.text[from:to] is meant. Next is the clause
// after it, where people say that it is not decided yet.
func meant(c, next clause, from, to int) polarity {
	before, after := c.text[:from], c.text[to:]
	switch {
	case descriptor.MatchString(after) && !tells.MatchString(before):
		return passed
	case doubted.MatchString(before), doubtedAfter.MatchString(after):
		return open
	case pending.MatchString(before), pending.MatchString(after), c.undecided(next):
		return open
	case denied.MatchString(before) && !notDenied.MatchString(before), deniedAfter.MatchString(after) && !affirms.MatchString(before):
		return refused
	case past.MatchString(before), pastAfter.MatchString(after):
		return ended
	}
	return stated
}

// undecided reports whether the next clause says of this one that it is
// pending, doubted or over.
func (c clause) undecided(next clause) bool {
	if next.text == "" || next.who != c.who {
		return false
	}
	i := pending.FindStringIndex(reported.ReplaceAllString(next.text, ""))
	return i != nil && i[0] <= len("还")
}
