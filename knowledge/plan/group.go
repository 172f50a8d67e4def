package plan

import (
	"regexp"
	"slices"
)

// group matches what a group of persons or firms is called: words that narrow it
// and a head. The words are those of such texts anywhere, of no one plan.
var group = regexp.MustCompile(`(?:离校[0-9一二两三]年内|专精特新|高新技术|高新|首次创业|离校|未就业|困难|重度|返乡创业|返乡|农村自主创业|自主创业|农村低收入|低收入|农村|乡村|城镇|城乡|登记|失业|易地扶贫搬迁|易地搬迁|搬迁|已|脱贫|建档立卡|边缘易致贫|突发严重困难|高校|大中专|初中|高中|中职|应届|新型|外出|退役|复员|退伍|就业|创业|规模以上|限额以上|省级|国家级|农业|小微|中小微|中小|科技|涉农|集体|新|未|特困|低保|零就业|监测帮扶|参保|见习|退休|抚恤|优抚|高层次|高技能|技能|技术|专业|种养|留守|贫困|残疾|患病|拆迁|个体|龙头|民营|批零住餐|工业|服务业|农民专业|专业)*` +
	`(?:毕业生|大学生|军人|农民工|残疾人|困难人员|困难群体|失业人员|人口|群众|劳动力|家庭|妇女|儿童|老年人|老人|学生|青年人|青年|新市民|退休人员|对象|人员|人才|村医|教师|工人|职工|员工|居民|农民|农户|大户|工商户|企业|合作社|家庭农场|经营主体|帮扶对象|绣娘|低收入人群|重点群体|群体)`)

// narrowOnly are heads that name no group without a word that narrows them.
var narrowOnly = regexp.MustCompile(`^(?:人口|群众|家庭|对象|人员|人才|企业|群体|大户|劳动力|居民|农民|员工|工人|职工|工商户)$`)

// groups lists the persons and firms that an item names, each once, in order.
func groups(text string) []string {
	out := []string{}
	for _, g := range group.FindAllString(text, -1) {
		if !narrowOnly.MatchString(g) && !slices.Contains(out, g) {
			out = append(out, g)
		}
	}
	return out
}

// made matches a document that an item says will be written.
var made = regexp.MustCompile(`(?:制定|出台|编制|印发|修订|起草|研究制定|建立|完善|形成)[^，,。；;《]{0,12}(《[^》]{2,60}》)`)

// deliverables lists the documents that an item says will be written.
func deliverables(text string) []string {
	out := []string{}
	for _, m := range made.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}
