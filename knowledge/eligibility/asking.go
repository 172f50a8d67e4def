package eligibility

import (
	"strings"

	"huiwen/knowledge/pattern"
)

// How people ask whether something is for them, in three shapes: the verb and its
// denial (算不算, 包不包), a verb that ends in a question (领得到不, 算在里头没), and
// a share that is theirs (有我的份没).
const (
	// oneself is whom the question is for.
	oneself = `(?:我|俺|咱|本人|他|她|人家|` + kin + `)`
	// ends are the particles that make a question of a sentence.
	ends = `(?:吗|不|没|么|嘛|迈|噻|啵|哇|没得|没有|不得|不嘛|没嘛|不啊|没啊)`
	// verbOrNot are verbs of qualifying with their denial.
	verbOrNot = `能不能|可不可以|得不得|行不行|够不够|算不算|符不符合|合不合|给不给|包不包|管不管|含不含|收不收|要不要|补不补|享不享受|沾不沾|轮不轮|属不属|该不该|适不适|挨不挨|领不领得|报不报得|办不办得|贷不贷得|分不分得|进不进得|排不排得|在不在(?:里|内|范围|名单|列|这)`
	// getting are verbs of what one gets, goes to or is counted among.
	getting = `领|拿|享受|参加|报名|报|轮|沾|办|贷|分|排|进|评|吃|算|够|落|补|申请|申报|挨|搞|弄|整|摊|享|捞|靠|套|去|学|读|用|得`
)

// asking matches the clause that is the question.
var asking = pattern.MustCompile(strings.Join([]string{
	verbOrNot, `可以不`, `能否`, `是否(?:也|都|还)?(?:可以|能|符合|属于|算|有资格|适用|包括|享受)`,
	`有没有(?:资格|份|名额|` + oneself + `)`, `有没得(?:资格|份|名额|` + oneself + `)`, `有不有(?:资格|份|名额|` + oneself + `)`,
	`够格`, `够条件`, `资格`, `符合`, `轮.{0,3}到`, `是不是(?:也|都|还|就)*(?:有|能|可以|算|包|管|给|符合|属于|轮|在)`,
	`有.{0,3}` + oneself + `(?:们|家|屋头|这种)*的?(?:份|名额|戏|事)?` + ends, `有` + oneself + `(?:们|家)*的(?:份|名额)?(?:吧|呢|$)`,
	oneself + `.{0,16}(?:有没有|有没得|有不有|有份没?|没得份|有无|在内|在列)(?:份|资格|的)?$`,
	`(?:我|他|她|这种|这样|这号|情况).{0,8}是不是$`,
	`(?:能|可以|可|够|还|有|算|行|得行|要得|享受|领到?|拿到?|申请|得到|补|管|包|含|排|沾|参加|报名|属于|合适?)[^,]{0,10}` + ends + `$`,
	`(?:` + getting + `|选|考|录|招|评)得(?:上|到|了|着|起|进)[^,]{0,2}不(?:上|到|了|着|起|进)`, `该` + oneself + `(?:们|家)*(?:领|得|享受|拿|要)`,
	`条件(?:都|也|我)*(?:合|够|满足|达到)`, `(?:这种|这样|这号)[^,]{0,4}(?:支持|扶持|补|管|奖)[^,]{0,2}` + ends + `$`,
	`给(?:得到|得起)?` + oneself + `[^,]{0,8}` + ends + `$`,
	`(?:` + getting + `)得(?:了|着|到|上|起|成|下来|进去?|赢|拢)[^,]{0,6}` + ends + `$`,
	`(?:` + getting + `)得(?:了|着|到|上|起|成|下来|进去?)不得`,
	`(?:可以|能|够|算|符合|合条件|够条件|有我|有他|有她)[^,]{0,8}吧$`, `还给不`,
}, "|"))

// Asks reports whether a folded text asks if somebody qualifies.
func Asks(text string) bool { return QuestionOf(text) != "" }

// QuestionOf is the last clause of a folded text that asks if somebody
// qualifies, "" when none does: the rest is the story.
func QuestionOf(text string) string {
	list := clausesOf(text)
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].asks {
			return list[i].text
		}
	}
	return ""
}
